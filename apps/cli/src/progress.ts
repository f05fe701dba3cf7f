import type { DeedProgress } from '@rose/contract';
import type { Cli } from './cli.ts';
import { bytesText } from './output/units.ts';

const REDRAW_MS = 100;
const BAR_CELLS = 24;

/** A line on a terminal that says how far a deed is; nothing where stderr is no terminal. */
export class Progress implements Disposable {
  readonly #cli: Cli;
  readonly #label: string;
  readonly isShown: boolean;
  #drawnAt = 0;
  #hasLine = false;

  constructor(cli: Cli, label: string) {
    this.#cli = cli;
    this.#label = label;
    this.isShown = cli.io.stderr.isTTY === true && !cli.json;
  }

  /** @param share from 0 to 1; null while unknown */
  show(text: string, share: number | null = null): void {
    if (!this.isShown || Date.now() - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = Date.now();
    this.#hasLine = true;
    const line = share === null ? `${this.#label}: ${text}` : `${this.#label} ${barOf(share)} ${text}`;
    this.#cli.io.stderr.write(`\r${line.slice(0, (this.#cli.io.stderr.columns || 80) - 1)}\x1b[K`);
  }

  showBytes(bytes: number, total: number | null = null): void {
    if (total === null) this.show(bytesText(bytes));
    else this.show(`${bytesText(bytes)} of ${bytesText(total)}`, total === 0 ? 1 : bytes / total);
  }

  [Symbol.dispose](): void {
    if (this.#hasLine) this.#cli.io.stderr.write('\r\x1b[K');
    this.#hasLine = false;
  }
}

function barOf(share: number): string {
  const full = Math.round(Math.min(Math.max(share, 0), 1) * BAR_CELLS);
  return `[${'#'.repeat(full)}${' '.repeat(BAR_CELLS - full)}] ${String(Math.floor(Math.min(share, 1) * 100)).padStart(3)}%`;
}

/** Runs a save or load of a project and shows how far the orchestrator is. */
export async function withDeedProgress<T>(
  cli: Cli,
  projectId: number,
  label: string,
  deed: () => Promise<T>,
): Promise<T> {
  using progress = new Progress(cli, label);
  const end = new AbortController();
  const watching = progress.isShown ? watch(cli, projectId, progress, AbortSignal.any([cli.signal, end.signal])) : null;
  try {
    return await deed();
  } finally {
    end.abort();
    await watching;
  }
}

async function watch(cli: Cli, projectId: number, progress: Progress, signal: AbortSignal): Promise<void> {
  try {
    const steps = await cli.rose.versions.progress.query({ projectId }, { signal });
    for await (const step of steps) progress.show(stepText(step), shareOf(step));
  } catch {
    // The deed itself tells what went wrong; a missing progress line is no failure.
  }
}

function stepText({ phase, files, filesTotal, bytes }: DeedProgress): string {
  const of = filesTotal === null ? '' : ` of ${filesTotal.toLocaleString('en')}`;
  return `${phase} ${files.toLocaleString('en')}${of} files, ${bytesText(bytes)}`;
}

function shareOf({ files, filesTotal, bytes, bytesTotal }: DeedProgress): number | null {
  if (bytesTotal !== null && bytesTotal > 0) return bytes / bytesTotal;
  return filesTotal !== null && filesTotal > 0 ? files / filesTotal : null;
}
