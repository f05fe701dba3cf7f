import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applyMigrations, endServers, lockDirectory, startEmbeddedPostgres } from '@rose/orchestrator/database';
import type { TestProject } from 'vitest/node';
import { withAdmin } from './database-admin.ts';
import type { TestDatabaseServer } from './database.ts';

/**
 * Vitest's global setup of every project that needs a database: one server and one migrated template
 * for all projects of a run, gone when the last of them is done. ROSE_TEST_DATABASE_URL names a server
 * to use instead (its role needs CREATEDB).
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Each project loads this module anew; the run is what they share.
  const run = globalThis as typeof globalThis & { roseTestServer?: SharedServer };
  const shared = (run.roseTestServer ??= { users: 0, running: start() });
  shared.users++;
  const { server } = await shared.running;
  project.provide('databaseServer', server);
  return async () => {
    shared.users--;
    if (shared.users > 0) return;
    delete run.roseTestServer;
    await using _ = await shared.running;
  };
}

interface RunningServer extends AsyncDisposable {
  server: TestDatabaseServer;
}

interface SharedServer {
  users: number;
  running: Promise<RunningServer>;
}

const PREFIX = 'rose-test-postgres-';
const log = { info: () => undefined, warn: console.warn, error: console.error };

async function start(): Promise<RunningServer> {
  const given = process.env['ROSE_TEST_DATABASE_URL'];
  await using stack = new AsyncDisposableStack();
  const adminUrl = given === undefined || given === '' ? await startServer(stack) : given;
  const template = `rose_test_${randomUUID().slice(0, 8)}`;
  stack.defer(() => dropAll(adminUrl, template));
  await withAdmin(adminUrl, (admin) => admin.query(`CREATE DATABASE "${template}" TEMPLATE template0`));
  const url = new URL(adminUrl);
  url.pathname = `/${template}`;
  await applyMigrations(url.href);
  const parts = stack.move();
  return { server: { adminUrl, template }, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

async function startServer(stack: AsyncDisposableStack): Promise<string> {
  await removeLeftovers();
  const directory = mkdtempSync(path.join(tmpdir(), PREFIX));
  stack.use(lockDirectory(directory));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const server = await startEmbeddedPostgres({ state: path.join(directory, 'postgres'), log, isDurable: false });
  stack.use(server);
  return server.url('postgres');
}

/** What test files left on a server that stays, and the template itself. */
async function dropAll(adminUrl: string, template: string): Promise<void> {
  await withAdmin(adminUrl, async (admin) => {
    const { rows } = await admin.query<{ name: string }>(
      'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
      [template],
    );
    for (const { name } of rows) await admin.query(`DROP DATABASE "${name}" WITH (FORCE)`);
  });
}

/** Servers of runs that were killed: nobody holds the lock on their directories. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const directory = path.join(tmpdir(), name);
    try {
      using _ = lockDirectory(directory);
      await endServers(path.join(directory, 'postgres/data'));
      rmSync(directory, { recursive: true, force: true });
    } catch {
      // In use, or another user's.
    }
  }
}
