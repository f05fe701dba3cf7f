import { chmodSync, chownSync, mkdtempDisposableSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { readPostmaster } from './postmaster-file.ts';
import { mayRun, spawnOwner } from './spawn-owner.ts';

/** The user `daemon`: initdb wants one that the system knows, and root without a user `postgres` takes `nobody`. */
const ADA = 1;
/** Needs root, and a clone that is not in a home closed to Ada. */
const canBeAda = process.getuid?.() === 0 && mayRun(ADA);
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const temporaryDirectory = () => mkdtempDisposableSync(path.join(tmpdir(), 'rose-ownership-'));
const stateOf = (dataDir: string) => path.join(dataDir, 'postgres');
const pidOf = (dataDir: string) => readPostmaster(path.join(stateOf(dataDir), 'data'))?.pid;

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a server that a killed orchestrator left is adopted, not started twice', async () => {
  using directory = temporaryDirectory();
  const owner = await spawnOwner(directory.path);
  await query(owner.url, 'CREATE TABLE note AS SELECT 1 AS number');
  const left = pidOf(directory.path);
  await owner.end('SIGKILL');
  {
    await using server = await startEmbeddedPostgres({ state: stateOf(directory.path), log, isDurable: false });
    expect(pidOf(directory.path)).toBe(left);
    expect(await query(server.url('postgres'), 'SELECT number FROM note')).toEqual([{ number: 1 }]);
  }
  expect(pidOf(directory.path)).toBeUndefined();
});

test('an adopted server that dies is started again', async () => {
  using directory = temporaryDirectory();
  const owner = await spawnOwner(directory.path);
  await owner.end('SIGKILL');
  await using server = await startEmbeddedPostgres({ state: stateOf(directory.path), log, isDurable: false });
  const adopted = pidOf(directory.path);
  if (adopted === undefined) throw new Error('No server runs.');
  process.kill(adopted, 'SIGKILL');
  await expect
    .poll(() => query(server.url('postgres'), 'SELECT 1 AS one').catch(() => []), { timeout: 20_000 })
    .toEqual([{ one: 1 }]);
});

test('a data directory is used by one process at a time, and is free once that is killed', async () => {
  using directory = temporaryDirectory();
  const owner = await spawnOwner(directory.path);
  await expect(spawnOwner(directory.path)).rejects.toThrow(`uses the data directory ${directory.path}`);
  await owner.end('SIGKILL');
  await using _ = await spawnOwner(directory.path);
});

test.skipIf(!canBeAda)(
  'an ordinary user has a server of his own, and root later runs it as that user (needs root)',
  async () => {
    using directory = temporaryDirectory();
    chownSync(directory.path, ADA, ADA);
    const owner = await spawnOwner(directory.path, ADA);
    await query(owner.url, 'CREATE TABLE note AS SELECT 1 AS number');
    await owner.end('SIGTERM');
    await using server = await startEmbeddedPostgres({ state: stateOf(directory.path), log, isDurable: false });
    expect(await query(server.url('postgres'), 'SELECT number FROM note')).toEqual([{ number: 1 }]);
    expect(statSync(`/proc/${pidOf(directory.path)}`).uid).toBe(ADA);
  },
);

test.skipIf(!canBeAda)("root's data is not touched by another user, who is told whose it is (needs root)", async () => {
  using directory = temporaryDirectory();
  await (await spawnOwner(directory.path)).end('SIGTERM');
  chmodSync(directory.path, 0o777);
  chownSync(path.join(directory.path, 'lock'), ADA, ADA);
  chownSync(stateOf(directory.path), ADA, ADA);
  await expect(spawnOwner(directory.path, ADA)).rejects.toThrow(/belongs to the user with the id \d+/);
});
