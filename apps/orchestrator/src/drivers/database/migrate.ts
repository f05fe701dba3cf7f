import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { RoseError } from '@rose/contract';
import { clientConfig } from './pool.ts';

/** A directory below prisma/migrations. */
interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, hex: what Prisma records. */
  checksum: string;
}

interface Recorded {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
}

/** Where the repository keeps its migrations. */
export const MIGRATIONS = path.join(import.meta.dirname, '../../../../../prisma/migrations');

/** The advisory lock that Prisma's own `migrate deploy` takes. */
const LOCK_ID = 72_707_369;
const LOCK_MS = 60_000;

/** Prisma's table, as its schema engine makes it. */
const TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                    VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum"              VARCHAR(64) NOT NULL,
    "finished_at"           TIMESTAMPTZ,
    "migration_name"        VARCHAR(255) NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        TIMESTAMPTZ,
    "started_at"            TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count"   INTEGER NOT NULL DEFAULT 0
)`;

/**
 * Applies the migrations that the database does not have, in the order of their names, and records
 * them as Prisma does, so that its stock CLI agrees. Each runs with its record in one transaction:
 * one that fails, or is killed, leaves nothing and is tried again at the next start.
 * @returns the names of those applied now.
 * @throws RoseError DATABASE_UNAVAILABLE when the history in the database and on disk contradict each other, or SQL fails.
 */
export async function applyMigrations(
  url: string,
  directory: string = MIGRATIONS,
  signal?: AbortSignal,
): Promise<string[]> {
  const migrations = readMigrations(directory);
  const client = new pg.Client(clientConfig(url));
  // A connection that breaks off also rejects the query in hand.
  client.on('error', () => undefined);
  await client.connect();
  // Another orchestrator may hold the lock for long. What is under way is rolled back by the server.
  const cancel = () => void client.end().catch(() => undefined);
  signal?.addEventListener('abort', cancel);
  try {
    signal?.throwIfAborted();
    await takeLock(client);
    await client.query(TABLE);
    const { rows } = await client.query<Recorded>(
      `SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL`,
    );
    checkHistory(rows, migrations);
    const done = new Set(rows.map((row) => row.migration_name));
    const missing = migrations.filter((migration) => !done.has(migration.name));
    for (const migration of missing) await apply(client, migration);
    return missing.map((migration) => migration.name);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    await client.end().catch(() => undefined);
  }
}

function readMigrations(directory: string): Migration[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const bytes = readFileSync(path.join(directory, name, 'migration.sql'));
      return { name, sql: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Orchestrators that start at once on one database come one after the other. */
async function takeLock(client: pg.Client): Promise<void> {
  try {
    await client.query(`SET lock_timeout = ${LOCK_MS}`);
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_ID]);
    await client.query('SET lock_timeout = 0');
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '55P03') throw error;
    throw refused('Another process has been migrating the database for a minute. Start again when it is done.');
  }
}

function checkHistory(recorded: Recorded[], migrations: Migration[]): void {
  const onDisk = new Map(migrations.map((migration) => [migration.name, migration.checksum]));
  for (const { migration_name: name, checksum, finished_at: finishedAt } of recorded) {
    if (finishedAt === null) {
      throw refused(
        `The migration ${name} was begun by another tool and did not finish. Repair what it left, then mark it: ` +
          `npx prisma migrate resolve --rolled-back ${name}`,
      );
    }
    const known = onDisk.get(name);
    if (known === undefined) {
      throw refused(
        `The database has the migration ${name}, which this RoSE does not know: ` +
          'it was used by a newer RoSE. Start that one, or restore a backup.',
      );
    }
    if (known !== checksum) {
      throw refused(
        `The migration ${name} was edited after it was applied. Restore its file and put the change into a new migration.`,
      );
    }
  }
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  const id = randomUUID();
  try {
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, clock_timestamp())`,
      [id, checksum, name],
    );
    await client.query(sql);
    await client.query(
      `UPDATE "_prisma_migrations" SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1`,
      [id],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw refused(`The migration ${name} failed and changed nothing: ${reason}.`, error);
  }
}

function refused(message: string, cause?: unknown): RoseError<'DATABASE_UNAVAILABLE'> {
  return new RoseError('DATABASE_UNAVAILABLE', message, {}, { cause });
}
