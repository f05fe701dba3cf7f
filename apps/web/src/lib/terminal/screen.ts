import type { RoseError, TerminalExit, TerminalInfo } from '@rose/contract';
import { failureOf } from '#lib/api/failure.ts';
import { rose } from '#lib/api/rose.ts';

export interface ScreenOptions {
  projectId: number;
  terminal: TerminalInfo;
  onReconnecting: (isReconnecting: boolean) => void;
  onExit: (exit: TerminalExit) => void;
  onFailure: (failure: RoseError) => void;
}

/** Dark in both themes, as programs that colour their output expect. */
const THEME = { background: '#151217', foreground: '#e9e4e7', cursor: '#f0a3b8', selectionBackground: '#5b3644' };
const FONT = "'JetBrains Mono Variable', ui-monospace, monospace";
/** Lines; the agent keeps 256 KiB. */
const SCROLLBACK = 10_000;

/**
 * Shows a terminal in an element, its scrollback first, until the result is called. The library is
 * loaded now: nobody else needs it.
 */
export async function showScreen(element: HTMLElement, options: ScreenOptions): Promise<() => void> {
  const { projectId, terminal } = options;
  const [{ Terminal }, { FitAddon }] = await Promise.all([
    import('@xterm/xterm'),
    import('@xterm/addon-fit'),
    import('@xterm/xterm/css/xterm.css'),
  ]);
  const screen = new Terminal({ theme: THEME, fontFamily: FONT, fontSize: 13, scrollback: SCROLLBACK });
  const fit = new FitAddon();
  screen.loadAddon(fit);
  screen.open(element);
  fit.fit();
  const left = new AbortController();
  const connection = rose.workspace(projectId).terminal(terminal.id, {
    size: { cols: screen.cols, rows: screen.rows },
    onOutput: (bytes, isGap) => {
      if (isGap) screen.reset();
      return new Promise((resolve) => screen.write(bytes, resolve));
    },
    onReconnecting: options.onReconnecting,
    signal: left.signal,
  });
  screen.onData((keys) => {
    // What programs once asked the terminal was answered then; a replay must not type the answers again.
    if (connection.position >= terminal.position) void connection.write(keys);
  });
  screen.onResize(({ cols, rows }) => connection.resize({ cols, rows }));
  const watch = new ResizeObserver(() => fit.fit());
  watch.observe(element);
  screen.focus();
  connection.ended.then(options.onExit, (error: unknown) => {
    if (!left.signal.aborted) options.onFailure(failureOf(error));
  });
  return () => {
    left.abort();
    watch.disconnect();
    screen.dispose();
  };
}
