import type { Terminal, Workspace } from '@rose/client/node';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { takeKeys, windowSize } from '../local/keyboard.ts';
import { findProject } from '../reference.ts';
import { UsageError } from '../usage-error.ts';

/** Of closing a terminal that is left. */
const CLOSE_MS = 3000;
/** As shells tell that a signal ended a program. */
const SIGNAL_CODE = 128;

export const command = defineCommand({
  usage: 'shell P',
  summary: 'Work in a shell in the workspace.',
  details: 'It needs a terminal. The exit code is that of the shell. A connection that breaks off is made again.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    if (!cli.io.stdin.isTTY || !cli.io.stdout.isTTY)
      throw new UsageError('"rose shell" needs a terminal. For scripts there is "rose exec P -- sh -c …".');
    const workspace = cli.rose.workspace(await findProject(cli, positionals[0]!));
    const { id } = await workspace.terminals.create.mutate(windowSize(cli.io), cli.options);
    try {
      return await show(cli, workspace, id);
    } finally {
      // Nobody else knows of it. One whose shell has ended is forgotten anyway.
      await workspace.terminals.close.mutate({ id }, { signal: AbortSignal.timeout(CLOSE_MS) }).catch(() => {});
    }
  },
});

async function show(cli: Cli, workspace: Workspace, id: string): Promise<number> {
  const { io } = cli;
  const gone = new AbortController();
  const terminal = workspace.terminal(id, {
    size: windowSize(io),
    onOutput: (bytes) => cli.write(bytes),
    onReconnecting: (isReconnecting) => tell(cli, isReconnecting ? 'The connection broke off …' : 'connected again'),
    signal: AbortSignal.any([cli.signal, gone.signal]),
  });
  using stack = new DisposableStack();
  stack.use(
    takeKeys(
      io,
      (keys) => terminal.write(keys),
      () => gone.abort(),
    ),
  );
  stack.use(followSize(cli, terminal));
  const { code, signal } = await terminal.ended;
  return code ?? SIGNAL_CODE + signal!;
}

function followSize({ io }: Cli, terminal: Terminal): Disposable {
  const follow = (): void => terminal.resize(windowSize(io));
  io.stdout.on('resize', follow);
  return { [Symbol.dispose]: () => void io.stdout.off('resize', follow) };
}

function tell({ io }: Cli, text: string): void {
  io.stderr.write(`\r\n[rose: ${text}]\r\n`);
}
