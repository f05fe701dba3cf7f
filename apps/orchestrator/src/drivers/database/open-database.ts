import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { RoseError } from '@rose/contract';
import type { Database } from './database.ts';
import { lockDirectory } from './directory-lock.ts';
import { startEmbeddedPostgres } from './embedded/embedded-postgres.ts';
import { PrismaClient } from './generated/client.ts';
import type { Log } from './log.ts';
import { applyMigrations } from './migrate.ts';
import { clientConfig, openPool, waitForServer } from './pool.ts';
import { atMost } from './wait.ts';

export interface OpenDatabaseOptions {
  /** null: the embedded PostgreSQL in the data directory. */
  databaseUrl: string | null;
  /** Locked for this process for as long as the database is open, with either kind of server. */
  dataDir: string;
  log: Log;
  /** Default: the repository's prisma/migrations. */
  migrations?: string;
  /** How long a server that DATABASE_URL names may take to come up beside us. Default: 15 seconds. */
  serverWaitMs?: number;
  /** Cancels the opening; what was started is stopped. */
  signal?: AbortSignal;
}

/** The database of the embedded server. */
const NAME = 'rose';
const SERVER_WAIT_MS = 15_000;
const GOODBYE_MS = 2000;

/**
 * Locks the data directory, brings the database up and migrates it. Disposing it closes the
 * connections, stops an embedded server and gives the data directory free, in this order.
 * @throws RoseError BUSY when another RoSE uses the data directory; DATABASE_UNAVAILABLE with a remedy.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const { databaseUrl, dataDir, log, migrations, serverWaitMs = SERVER_WAIT_MS, signal } = options;
  await using opened = new AsyncDisposableStack();
  opened.use(lockDirectory(dataDir));
  let url = databaseUrl;
  if (url === null) {
    const server = opened.use(await startEmbeddedPostgres({ state: path.join(dataDir, 'postgres'), log, signal }));
    await ensureDatabase(server.url('postgres'));
    url = server.url(NAME);
  } else {
    checkUrl(url);
    await waitForServer(url, serverWaitMs, signal);
  }
  const applied = await applyMigrations(url, migrations, signal);
  if (applied.length > 0) log.info({ migrations: applied }, 'Migrated the database.');
  const connected = opened.use(connect(url, log));
  const parts = opened.move();
  return { ...connected, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** The two ways into a database that is up and migrated. */
export function connect(url: string, log: Log): Database {
  const pool = openPool(url, log);
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    prisma,
    pool,
    url,
    [Symbol.asyncDispose]: async () => {
      await prisma.$disconnect();
      await atMost(GOODBYE_MS, pool.end());
    },
  };
}

async function ensureDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client(clientConfig(adminUrl));
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [NAME]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(NAME)}`);
  } finally {
    await client.end();
  }
}

/** Prisma would obey `schema`, the plain connections would not. */
function checkUrl(url: string): void {
  if (!URL.canParse(url)) throw new RoseError('DATABASE_UNAVAILABLE', 'DATABASE_URL is not a URL.');
  if (new URL(url).searchParams.has('schema')) {
    throw new RoseError(
      'DATABASE_UNAVAILABLE',
      'DATABASE_URL must not have the parameter "schema": give RoSE a database of its own.',
    );
  }
}
