import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { RoseError } from '@rose/contract';
import type { Log } from './log.ts';
import { clientConfig } from './pool.ts';
import { atMost, poll } from './wait.ts';

/** "RoSE", and the lock's number: advisory locks are numbers that one database's users agree on. */
const LOCK = [0x526f5345, 1] as const;
/** The server notices the end of a killed holder at once, but not in no time. */
const WAIT_MS = 1000;
const RETRY_MS = 500;
const GOODBYE_MS = 2000;

export interface InstallationLockOptions {
  log: Log;
  /** Called once when, after an outage of the database, another orchestrator has the lock: this one must stop. */
  onLost: (error: RoseError) => void;
}

/**
 * Makes this the only orchestrator that works on the database, until the lock is disposed. The lock
 * is a session's: the server drops it with the connection, however the process ends, and it is taken
 * again after an outage.
 * @throws RoseError BUSY naming the other orchestrator.
 */
export async function holdInstallationLock(
  { url }: { url: string },
  { log, onLost }: InstallationLockOptions,
): Promise<AsyncDisposable> {
  const closing = new AbortController();
  let session = await take(url);
  const keep = async () => {
    while (!closing.signal.aborted) {
      await session.ended;
      if (closing.signal.aborted) return;
      log.warn('The connection that holds the installation lock broke off; it is taken again.');
      try {
        session = await takeAgain(url, closing.signal);
      } catch (error) {
        if (!closing.signal.aborted && error instanceof RoseError) onLost(error);
        return;
      }
    }
  };
  const kept = keep();
  return {
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await session.end();
      await kept;
      // Taken again in this very moment.
      await session.end();
    },
  };
}

interface Session {
  /** Settles, never rejects, when the connection is gone. */
  ended: Promise<void>;
  end: () => Promise<unknown>;
}

async function take(url: string): Promise<Session> {
  const client = new pg.Client(clientConfig(url));
  const ended = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
  const end = () =>
    atMost(
      GOODBYE_MS,
      client.end().catch(() => undefined),
    );
  try {
    await client.connect();
    // A holder whose machine vanished is given up after a minute of silence.
    await client.query('SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3');
    const isHeld = await poll(WAIT_MS, 100, async () => {
      const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS held', [...LOCK]);
      return rows[0]?.held === true ? true : null;
    });
    if (isHeld === null) throw await heldByAnother(client);
    return { ended, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function takeAgain(url: string, signal: AbortSignal): Promise<Session> {
  for (;;) {
    try {
      return await take(url);
    } catch (error) {
      if (error instanceof RoseError) throw error;
      await sleep(RETRY_MS, undefined, { signal });
    }
  }
}

async function heldByAnother(client: pg.Client): Promise<RoseError<'BUSY'>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT application_name AS name FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND classid = $1 AND objid = $2 AND granted AND pg_locks.database =
       (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [...LOCK],
  );
  // application_name: rose HOST PID
  const [, host, pid] = rows[0]?.name.split(' ') ?? [];
  const who = pid === undefined ? '' : ` (process ${pid} on ${host})`;
  return new RoseError(
    'BUSY',
    `Another orchestrator${who} works on this database. Stop it, or set DATABASE_URL to another database.`,
  );
}
