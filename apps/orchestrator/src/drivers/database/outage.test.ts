import { mkdtempDisposableSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyMigrations } from './migrate.ts';
import type { Database } from './database.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded/embedded-postgres.ts';
import { translateDatabaseError } from './errors.ts';
import { holdInstallationLock } from './installation-lock.ts';
import { connect, openDatabase } from './open-database.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const directory = mkdtempDisposableSync(path.join(tmpdir(), 'rose-outage-'));
let server: EmbeddedPostgres;

const start = () => startEmbeddedPostgres({ state: directory.path, log, isDurable: false });
const stop = () => server[Symbol.asyncDispose]();
const failureOf = (work: Promise<unknown>) => work.then(() => 'no failure', translateDatabaseError);
const unavailable = expect.objectContaining({ name: 'RoseError', code: 'DATABASE_UNAVAILABLE' }) as unknown;

beforeAll(async () => {
  server = await start();
  await applyMigrations(server.url('postgres'));
});
afterAll(async () => {
  await stop();
  directory.remove();
});

const users = ({ prisma }: Database) => prisma.user.count();
const usersInTransaction = ({ prisma }: Database) => prisma.$transaction((transaction) => transaction.user.count());
const plain = ({ pool }: Database) => pool.query('SELECT 1');

test('while the database is stopped every way in says so, and all work again when it is back', async () => {
  await using database = connect(server.url('postgres'), log);
  expect(await users(database)).toBe(0);
  const running = [database.prisma.$queryRaw`SELECT pg_sleep(30)::text`, database.pool.query('SELECT pg_sleep(30)')];
  const outcomes = running.map(failureOf);
  const idle = await database.pool.connect();
  await expect.poll(() => database.pool.totalCount).toBeGreaterThanOrEqual(3);
  await stop();
  for (const outcome of outcomes) expect(await outcome).toEqual(unavailable);
  expect(await failureOf(idle.query('SELECT 1'))).toEqual(unavailable);
  idle.release(true);
  for (const way of [users, usersInTransaction, plain]) expect(await failureOf(way(database))).toEqual(unavailable);
  server = await start();
  for (const way of [users, usersInTransaction, plain]) await way(database);
});

test('a database has one orchestrator at a time, which an outage does not change', async () => {
  const at = { url: server.url('postgres') };
  const lost: string[] = [];
  const hold = () => holdInstallationLock(at, { log, onLost: (error) => lost.push(error.message) });
  {
    await using _ = await hold();
    await expect(hold()).rejects.toThrow(`Another orchestrator (process ${process.pid} on `);
    await stop();
    server = await start();
    // Taken again in the background: until then a second one would get it.
    await using database = connect(at.url, log);
    const held = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND granted`;
    await expect.poll(async () => (await database.pool.query(held)).rowCount, { timeout: 10_000 }).toBe(1);
    await expect(hold()).rejects.toThrow('Another orchestrator');
  }
  await using _ = await hold();
  expect(lost).toEqual([]);
});

// From here on the server stays up, and the tests mostly wait.

test.concurrent('a server that accepts and never answers is given up after a while', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  try {
    await using database = connect(`postgresql://ada:secret@127.0.0.1:${address.port}/rose`, log);
    expect(await Promise.all([users, plain].map((way) => failureOf(way(database))))).toEqual([
      unavailable,
      unavailable,
    ]);
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
  }
});

test.concurrent('once the database is closed, late callers are told that RoSE is stopping', async () => {
  const database = connect(server.url('postgres'), log);
  await database[Symbol.asyncDispose]();
  expect(await failureOf(plain(database))).toMatchObject({ code: 'STOPPING' });
});

test.concurrent('an orchestrator whose lock another one has after a break is told to stop', async () => {
  const at = { url: server.url('postgres') };
  await using database = connect(at.url, log);
  const lost = Promise.withResolvers<Error>();
  await using _ = await holdInstallationLock(at, { log, onLost: lost.resolve });
  const holder = `SELECT pid, classid, objid FROM pg_locks WHERE locktype = 'advisory' AND granted`;
  const { rows } = await database.pool.query<{ pid: number; classid: number; objid: number }>(holder);
  const [held] = rows;
  if (held === undefined) throw new Error('Nobody holds the lock.');
  // Queued behind the holder, so that it is next whatever the holder does.
  const other = await database.pool.connect();
  const taken = other.query('SELECT pg_advisory_lock($1, $2)', [held.classid, held.objid]);
  await database.pool.query('SELECT pg_terminate_backend($1)', [held.pid]);
  await taken;
  expect(await lost.promise).toMatchObject({ code: 'BUSY' });
  other.release(true);
});

test.concurrent.for([
  [
    'a server that is not there',
    'postgresql://ada:secret@127.0.0.1:1/rose',
    /127\.0\.0\.1:1\/rose cannot be used.*ECONNREFUSED/,
  ],
  ['a host that has no address', 'postgresql://ada:secret@nowhere.invalid/rose', /ENOTFOUND|EAI_AGAIN/],
  [
    'an URL with a schema',
    'postgresql://ada:secret@127.0.0.1/rose?schema=other',
    /must not have the parameter "schema"/,
  ],
] as const)(
  'DATABASE_URL with %s is refused with a remedy and without the password',
  async ([, databaseUrl, message]) => {
    using dataDir = mkdtempDisposableSync(path.join(tmpdir(), 'rose-data-'));
    const failure = openDatabase({ databaseUrl, dataDir: dataDir.path, log, serverWaitMs: 300 });
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.not.toThrow('secret');
  },
);

test.concurrent('a wrong password is reported at once', async () => {
  using dataDir = mkdtempDisposableSync(path.join(tmpdir(), 'rose-data-'));
  const url = new URL(server.url('postgres'));
  url.password = 'wrong';
  const failure = openDatabase({ databaseUrl: url.href, dataDir: dataDir.path, log });
  await expect(failure).rejects.toThrow(/password authentication failed.*correct DATABASE_URL/);
});
