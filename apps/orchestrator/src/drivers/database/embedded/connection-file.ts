import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RoseError } from '@rose/contract';

/** How one reaches the embedded server. */
export interface Connection {
  port: number;
  password: string;
}

/** The only role of the embedded server, its superuser. */
export const ROLE = 'rose';

/**
 * The connection is kept as a libpq password file, mode 0600, so that
 * `PGPASSFILE=.rose/postgres/pgpass psql -h 127.0.0.1 -p PORT -U rose rose` works.
 */
const fileOf = (state: string) => path.join(state, 'pgpass');

/** @throws RoseError DATABASE_UNAVAILABLE when the file is lost or not one of ours. */
export function readConnection(state: string): Connection {
  const file = fileOf(state);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const [, port, password] = /^127\.0\.0\.1:(\d+):\*:rose:([0-9a-f]+)\n$/.exec(text) ?? [];
  if (port === undefined || password === undefined) {
    throw new RoseError(
      'DATABASE_UNAVAILABLE',
      `The password of the embedded PostgreSQL is missing from ${file}. Restore that file from a backup.`,
    );
  }
  return { port: Number(port), password };
}

export function writeConnection(state: string, { port, password }: Connection): void {
  const file = fileOf(state);
  writeFileSync(`${file}.new`, `127.0.0.1:${port}:*:${ROLE}:${password}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function urlOf({ port, password }: Connection, database: string): string {
  return `postgresql://${ROLE}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}
