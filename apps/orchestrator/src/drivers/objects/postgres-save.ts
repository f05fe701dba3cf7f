import { crc32 } from 'node:zlib';
import type { Pool } from 'pg';
import { translateDatabaseError } from '../database/index.ts';
import type { NewObject, SaveSession } from './objects.ts';
import type { OwnerLock } from './owner-locks.ts';

/** A save, for as long as it holds the owner's lock. */
export class PostgresSave implements SaveSession {
  readonly #pool: Pool;
  readonly #ownerId: number;
  readonly #lock: OwnerLock;
  readonly #changed: () => void;

  /** `changed` is told when objects were written. */
  constructor(pool: Pool, ownerId: number, lock: OwnerLock, changed: () => void) {
    this.#pool = pool;
    this.#ownerId = ownerId;
    this.#lock = lock;
    this.#changed = changed;
  }

  async confirm(): Promise<void> {
    await this.#lock.confirm();
  }

  /** One statement whatever the number of objects: their bytes as one bytea, cut by the server. */
  async put(objects: readonly NewObject[]): Promise<number> {
    if (objects.length === 0) return 0;
    // Two saves that store the same objects lock them in the same order.
    const sorted = objects.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const offsets: number[] = [];
    let at = 1;
    for (const { data } of sorted) {
      offsets.push(at);
      at += data.length;
    }
    return await this.#insert([
      this.#ownerId,
      Buffer.from(sorted.map(({ id }) => id).join(''), 'hex'),
      Buffer.concat(
        sorted.map(({ data }) => data),
        at - 1,
      ),
      offsets,
      sorted.map(({ data }) => data.length),
      sorted.map(({ size }) => size),
      sorted.map(({ totals }) => totals?.entries ?? null),
      sorted.map(({ totals }) => totals?.files ?? null),
      sorted.map(({ totals }) => totals?.bytes ?? null),
      sorted.map(({ totals }) => totals?.depth ?? null),
      sorted.map(({ data }) => checksumOf(data)),
    ]);
  }

  async #insert(values: unknown[]): Promise<number> {
    const client = await translated(this.#pool.connect());
    let isDone = false;
    try {
      await client.query('BEGIN');
      // The version's own transaction is durable, and with it all that was written before it.
      await client.query('SET LOCAL synchronous_commit = off');
      const { rows } = await client.query<{ newBytes: string }>({ name: 'put-objects', text: PUT, values });
      await client.query('COMMIT');
      this.#changed();
      isDone = true;
      return Number(rows[0]!.newBytes);
    } catch (error) {
      throw translateDatabaseError(error);
    } finally {
      client.release(!isDone);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
  }
}

/** What is put was verified a moment ago: it takes the place of stored bytes that differ, which heals damaged ones. */
const PUT = `
  WITH put AS (
    INSERT INTO "StoredObject" AS stored ("ownerId", id, size, data, checksum, entries, files, bytes, depth)
    SELECT $1, substring($2::bytea FROM (n::int - 1) * 32 + 1 FOR 32), size,
           substring($3::bytea FROM at FOR length), checksum, entries, files, bytes, depth
    FROM unnest($4::int[], $5::int[], $6::int[], $7::bigint[], $8::bigint[], $9::bigint[], $10::int[], $11::int[])
         WITH ORDINALITY AS object(at, length, size, entries, files, bytes, depth, checksum, n)
    ON CONFLICT ("ownerId", id) DO UPDATE
      SET size = excluded.size, data = excluded.data, checksum = excluded.checksum,
          entries = coalesce(excluded.entries, stored.entries), files = coalesce(excluded.files, stored.files),
          bytes = coalesce(excluded.bytes, stored.bytes), depth = coalesce(excluded.depth, stored.depth)
      WHERE stored.size <> excluded.size OR stored.data <> excluded.data OR
            stored.checksum IS DISTINCT FROM excluded.checksum OR (excluded.entries IS NOT NULL AND
            (stored.entries, stored.files, stored.bytes, stored.depth)
            IS DISTINCT FROM (excluded.entries, excluded.files, excluded.bytes, excluded.depth))
    RETURNING octet_length(stored.data) AS length, stored.xmax = 0 AS is_new
  )
  SELECT coalesce(sum(length) FILTER (WHERE is_new), 0) AS "newBytes" FROM put`;

/** CRC-32 as the signed integer that PostgreSQL keeps. The hash of the plain bytes misses what a decoder ignores. */
export function checksumOf(data: Uint8Array): number {
  return crc32(data) | 0;
}

export async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw translateDatabaseError(error);
  }
}
