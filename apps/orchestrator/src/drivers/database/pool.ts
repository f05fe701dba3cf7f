import { hostname } from 'node:os';
import pg from 'pg';
import { RoseError } from '@rose/contract';
import type { Log } from './log.ts';
import { poll } from './wait.ts';

/** How long a caller waits for a connection. */
export const CONNECT_MS = 5000;
/** The longest statement; the server ends it, and the client gives up a little later if the server is gone. */
export const STATEMENT_MS = 60_000;
const OLDEST_SERVER = 160_000;

/** What every connection of an orchestrator has in common. */
export function clientConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: `rose ${hostname()} ${process.pid}`.slice(0, 63),
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

/** A pool whose waits are all bounded and which outlives a stop of the server. */
export function openPool(url: string, log: Log): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(url),
    max: 20,
    idleTimeoutMillis: 30_000,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS + 5000,
  });
  // Without a listener the end of an idle connection would end the process. The pool has dropped it already.
  pool.on('error', (error) => log.warn({ err: error }, 'A database connection broke off.'));
  // The same for one that is lent out: its borrower learns of it by the next query.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * Waits until the server takes connections: it may be starting beside us.
 * @throws RoseError DATABASE_UNAVAILABLE with a remedy.
 */
export async function waitForServer(url: string, milliseconds: number, signal?: AbortSignal): Promise<void> {
  let last: unknown;
  const version = await poll(
    milliseconds,
    250,
    async () => {
      const client = new pg.Client(clientConfig(url));
      client.on('error', () => undefined);
      try {
        await client.connect();
        const { rows } = await client.query<{ version: number }>(
          `SELECT current_setting('server_version_num')::int AS version`,
        );
        return rows[0]?.version ?? null;
      } catch (error) {
        last = error;
        if (isFinal(error)) throw unreachable(url, error);
        return null;
      } finally {
        await client.end().catch(() => undefined);
      }
    },
    signal,
  );
  if (version === null) throw unreachable(url, last);
  if (version >= OLDEST_SERVER) return;
  throw new RoseError(
    'DATABASE_UNAVAILABLE',
    `The server that DATABASE_URL names is PostgreSQL ${Math.floor(version / 10_000)}; RoSE needs 16 or newer.`,
  );
}

/** Wrong password (28...), no such database (3D000): waiting does not help. */
function isFinal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(28|3D)/.test(error.code ?? '');
}

function unreachable(url: string, error: unknown): RoseError<'DATABASE_UNAVAILABLE'> {
  const { host, pathname } = new URL(url);
  const reason = error instanceof AggregateError ? error.errors.map(String).join(', ') : String(error);
  return new RoseError(
    'DATABASE_UNAVAILABLE',
    `PostgreSQL at ${host}${pathname} cannot be used: ${reason}. Start it, or correct DATABASE_URL; ` +
      'without DATABASE_URL, RoSE brings its own.',
    {},
    { cause: error },
  );
}
