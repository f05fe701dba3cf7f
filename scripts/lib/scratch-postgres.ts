import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '@rose/orchestrator/database';

/** A database to work on that is not the user's: its URL, until it is disposed. */
export interface ScratchPostgres extends AsyncDisposable {
  readonly url: string;
}

/**
 * The server that DATABASE_URL names, on which the engine makes and drops databases of its own; else
 * an embedded PostgreSQL in a temporary directory, never the one of the data directory.
 */
export async function scratchPostgres(): Promise<ScratchPostgres> {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined && given !== '') return { url: given, [Symbol.asyncDispose]: () => Promise.resolve() };
  const state = mkdtempSync(path.join(tmpdir(), 'rose-scratch-'));
  const log = { info: () => undefined, warn: console.warn, error: console.error };
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(state, { recursive: true, force: true }));
  const server = stack.use(await startEmbeddedPostgres({ state, log, isDurable: false }));
  const parts = stack.move();
  return { url: server.url('postgres'), [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
