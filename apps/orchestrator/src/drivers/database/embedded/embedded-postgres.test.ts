import { mkdirSync, mkdtempDisposableSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { poll } from '../wait.ts';
import { readConnection } from './connection-file.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.ts';
import { readPostmaster } from './postmaster-file.ts';
import { isRunning, serverProcesses } from './processes.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const start = (state: string) => startEmbeddedPostgres({ state, log, isDurable: false });
// Of mode 0700, as a home directory: root's server has to work below it too.
const temporaryDirectory = () => mkdtempDisposableSync(path.join(tmpdir(), 'rose-embedded-'));

async function ask(server: EmbeddedPostgres, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: server.url('postgres'), connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

function postmasterOf(state: string): number {
  const postmaster = readPostmaster(path.join(state, 'data'));
  if (postmaster === null) throw new Error('No server runs.');
  return postmaster.pid;
}

test('data and address outlive a restart', async () => {
  using directory = temporaryDirectory();
  const urls: string[] = [];
  {
    await using server = await start(directory.path);
    urls.push(server.url('postgres'));
    await ask(server, `CREATE TABLE note AS SELECT 'of Ada' AS text`);
  }
  expect(serverProcesses(path.join(directory.path, 'data'))).toEqual([]);
  await using server = await start(directory.path);
  urls.push(server.url('postgres'));
  expect(await ask(server, 'SELECT text FROM note')).toBe('of Ada');
  expect(urls[0]).toBe(urls[1]);
});

test('only 127.0.0.1 is listened on, a password is asked for, and a Ctrl-C does not reach the server', async () => {
  using directory = temporaryDirectory();
  await using server = await start(directory.path);
  expect(await ask(server, 'SHOW listen_addresses')).toBe('127.0.0.1');
  expect(await ask(server, 'SHOW unix_socket_directories')).toBe('');
  expect(await ask(server, `SELECT count(*)::int FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'`)).toBe(0);
  expect(await ask(server, `SELECT rolpassword ~ '^SCRAM-SHA-256' FROM pg_authid WHERE rolname = 'rose'`)).toBe(true);
  expect(statSync(path.join(directory.path, 'pgpass')).mode & 0o777).toBe(0o600);
  expect(statSync(path.join(directory.path, 'data')).mode & 0o777).toBe(0o700);
  const pid = `${postmasterOf(directory.path)}`;
  const [, , group, session] = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  expect([group, session]).toEqual([pid, pid]);
});

test('a killed postmaster is started again at the same address, with what was committed', async () => {
  using directory = temporaryDirectory();
  await using server = await startEmbeddedPostgres({ state: directory.path, log });
  await ask(server, 'CREATE TABLE note AS SELECT 1 AS number');
  const killed = postmasterOf(directory.path);
  process.kill(killed, 'SIGKILL');
  const number = await poll(20_000, 50, () => ask(server, 'SELECT number FROM note').catch(() => null));
  expect(number).toBe(1);
  expect(postmasterOf(directory.path)).not.toBe(killed);
});

test('a busy worker that outlived its postmaster does not keep the next start away', async () => {
  using directory = temporaryDirectory();
  const data = path.join(directory.path, 'data');
  const first = await start(directory.path);
  // A loop in one statement never looks whether its postmaster is still there.
  const busy = ask(first, 'SELECT count(*) FROM generate_series(1, 2000000000)').catch(() => 'ended');
  const worker = await poll(5000, 20, () => serverProcesses(data).find((pid) => /SELECT/.test(titleOf(pid))) ?? null);
  if (worker === null) throw new Error('The worker did not start.');
  const disposed = first[Symbol.asyncDispose];
  process.kill(postmasterOf(directory.path), 'SIGKILL');
  await disposed.call(first);
  expect(isRunning(worker)).toBe(true);
  await using server = await start(directory.path);
  expect(isRunning(worker)).toBe(false);
  expect(await busy).toBe('ended');
  expect(await ask(server, 'SELECT 1')).toBe(1);
});

const titleOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1');

test('a cluster that was being made when its maker was killed is made anew', async () => {
  using directory = temporaryDirectory();
  mkdirSync(path.join(directory.path, 'making-cluster-abcdef/data'), { recursive: true });
  writeFileSync(path.join(directory.path, 'making-cluster-abcdef/data/PG_VERSION'), '16\n');
  await using server = await start(directory.path);
  expect(await ask(server, 'SELECT 1')).toBe(1);
  expect(readdirSync(directory.path).filter((name) => name.startsWith('making'))).toEqual([]);
});

test('a port that another program has taken meanwhile is given up for a free one', async () => {
  using directory = temporaryDirectory();
  await (await start(directory.path))[Symbol.asyncDispose]();
  const { port } = readConnection(directory.path);
  const squatter = createServer().listen(port, '127.0.0.1');
  await once(squatter, 'listening');
  try {
    await using server = await start(directory.path);
    expect(await ask(server, 'SELECT 1')).toBe(1);
    expect(readConnection(directory.path).port).not.toBe(port);
  } finally {
    squatter.close();
  }
});

test('a process id in the lock file that belongs to another program by now is not believed', async () => {
  using directory = temporaryDirectory();
  await (await start(directory.path))[Symbol.asyncDispose]();
  const file = path.join(directory.path, 'data/postmaster.pid');
  writeFileSync(file, `${process.pid}\n/elsewhere\n1700000000\n1\n\n127.0.0.1\n\nready   \n`);
  await using server = await start(directory.path);
  expect(await ask(server, 'SELECT 1')).toBe(1);
});

test('a start that is cancelled leaves no process', async () => {
  using directory = temporaryDirectory();
  const cancel = AbortSignal.timeout(50);
  await expect(
    startEmbeddedPostgres({ state: directory.path, log, isDurable: false, signal: cancel }),
  ).rejects.toThrow();
  expect(await poll(5000, 20, () => serverProcesses(path.join(directory.path, 'data')).length === 0 || null)).toBe(
    true,
  );
});
