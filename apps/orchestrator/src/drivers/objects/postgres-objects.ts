import { setTimeout as sleep } from 'node:timers/promises';
import { RoseError } from '@rose/contract';
import { MAX_OBJECT_BYTES, type ObjectId } from '@rose/snapshot';
import type { Pool, PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { translateDatabaseError } from '../database/index.ts';
import { copyRows } from './copy-rows.ts';
import type { NewObject, ObjectStore, SaveSession, SizedId, StoredBytes, StoredSize, TreeTotals } from './objects.ts';

/** "RoSO", first key of the advisory locks that guard an owner's objects; the second is the owner. The installation's lock is "RoSE". */
export const OWNER_OBJECTS_LOCK = 0x526f534f;

const READ_BATCH_BYTES = 8 * 1024 * 1024;
const READ_BATCH_OBJECTS = 1000;

/** Objects as rows of StoredObject. Bytes never pass through Prisma: notes in docs/store.md §7. */
export class PostgresObjects implements ObjectStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async beginSave(ownerId: number): Promise<SaveSession> {
    const client = await translated(this.#pool.connect());
    try {
      // The version's own transaction is durable, and with it all that was written before it.
      await client.query('SET synchronous_commit = off');
      await client.query('SELECT pg_advisory_lock_shared($1, $2)', [OWNER_OBJECTS_LOCK, ownerId]);
    } catch (error) {
      client.release(true);
      throw translateDatabaseError(error);
    }
    return new PostgresSave(client, ownerId);
  }

  async *read(ownerId: number, ids: Iterable<SizedId> | AsyncIterable<SizedId>): AsyncGenerator<StoredBytes, void> {
    let batch: ObjectId[] = [];
    let bytes = 0;
    for await (const { id, size } of ids) {
      batch.push(id);
      bytes += size;
      if (batch.length < READ_BATCH_OBJECTS && bytes < READ_BATCH_BYTES) continue;
      yield* this.#readBatch(ownerId, batch);
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) yield* this.#readBatch(ownerId, batch);
  }

  async *#readBatch(ownerId: number, ids: readonly ObjectId[]): AsyncGenerator<StoredBytes> {
    const client = await translated(this.#pool.connect());
    let isDone = false;
    let index = 0;
    try {
      const stream = client.query(copyTo(readStatement(ownerId, ids)));
      for await (const [id, size, data] of copyRows(stream)) {
        const found = id!.toString('hex') as ObjectId;
        if (found !== ids[index]) break;
        index += 1;
        // A copy: the row's buffer is a view of a larger network piece.
        yield { id: found, size: size!.readInt32BE(0), data: Buffer.from(data!) };
      }
      isDone = index === ids.length;
    } catch (error) {
      throw translateDatabaseError(error);
    } finally {
      // A COPY that was left half-way cannot be ended but by its connection.
      client.release(!isDone);
    }
    if (!isDone) throw new RoseError('DAMAGED', `The stored object ${ids[index]} is missing.`, {});
  }

  async *all(ownerId: number): AsyncGenerator<StoredBytes> {
    const statement = `COPY (SELECT id, size, data FROM "StoredObject" WHERE "ownerId" = ${Math.trunc(ownerId)} ORDER BY id) TO STDOUT (FORMAT binary)`;
    for await (const [id, size, data] of this.#copy(statement)) {
      yield { id: id!.toString('hex') as ObjectId, size: size!.readInt32BE(0), data: Buffer.from(data!) };
    }
  }

  async *sizes(ownerId: number): AsyncGenerator<StoredSize> {
    const statement = `COPY (SELECT id, size, octet_length(data) FROM "StoredObject" WHERE "ownerId" = ${Math.trunc(ownerId)} ORDER BY id) TO STDOUT (FORMAT binary)`;
    for await (const [id, size, stored] of this.#copy(statement)) {
      yield { id: id!.toString('hex') as ObjectId, size: size!.readInt32BE(0), stored: stored!.readInt32BE(0) };
    }
  }

  /** All rows of one COPY, on a connection without the statement's time limit: the reader sets the pace. */
  async *#copy(statement: string): AsyncGenerator<(Buffer | null)[]> {
    const client = await translated(this.#pool.connect());
    let isDone = false;
    try {
      await client.query('SET statement_timeout = 0');
      yield* copyRows(client.query(copyTo(statement)));
      await client.query('RESET statement_timeout');
      isDone = true;
    } catch (error) {
      throw translateDatabaseError(error);
    } finally {
      client.release(!isDone);
    }
  }

  async alone<T>(
    ownerId: number,
    waitMs: number,
    deed: (remove: (ids: readonly ObjectId[]) => Promise<void>) => Promise<T>,
  ): Promise<T | null> {
    const client = await translated(this.#pool.connect());
    let isClean = false;
    try {
      if (!(await tryLock(client, ownerId, waitMs))) {
        isClean = true;
        return null;
      }
      const result = await deed(async (ids) => {
        const bytes = ids.map((id) => Buffer.from(id, 'hex'));
        await client.query('DELETE FROM "StoredObject" WHERE "ownerId" = $1 AND id = ANY($2::bytea[])', [
          ownerId,
          bytes,
        ]);
      });
      await client.query('SELECT pg_advisory_unlock($1, $2)', [OWNER_OBJECTS_LOCK, ownerId]);
      isClean = true;
      return result;
    } catch (error) {
      throw translateDatabaseError(error);
    } finally {
      // Closing the connection gives the lock back.
      client.release(!isClean);
    }
  }

  async totals(ownerId: number, ids: readonly ObjectId[]): Promise<Map<ObjectId, TreeTotals>> {
    const { rows } = await translated(
      this.#pool.query<TotalsRow>(
        `SELECT encode(id, 'hex') AS id, entries, files, bytes, depth FROM "StoredObject"
         WHERE "ownerId" = $1 AND entries IS NOT NULL AND id = ANY($2::bytea[])`,
        [ownerId, ids.map((id) => Buffer.from(id, 'hex'))],
      ),
    );
    return new Map(
      rows.map((row) => [
        row.id,
        { entries: Number(row.entries), files: Number(row.files), bytes: Number(row.bytes), depth: row.depth },
      ]),
    );
  }
}

const LOCK_POLL_MS = 50;

/** Polls instead of queueing: a queued exclusive lock would hold up every new save behind a long one. */
async function tryLock(client: PoolClient, ownerId: number, waitMs: number): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS locked', [
      OWNER_OBJECTS_LOCK,
      ownerId,
    ]);
    if (rows[0]?.locked === true) return true;
    if (Date.now() > deadline) return false;
    await sleep(LOCK_POLL_MS);
  }
}

interface TotalsRow {
  id: ObjectId;
  entries: string;
  files: string;
  bytes: string;
  depth: number;
}

/** COPY takes no parameters: the ids are hex digits, nothing else. */
function readStatement(ownerId: number, ids: readonly ObjectId[]): string {
  const list = ids.map((id) => `"\\\\x${requireHex(id)}"`).join(',');
  return `COPY (SELECT o.id, o.size, o.data
    FROM unnest('{${list}}'::bytea[]) WITH ORDINALITY AS wanted(id, n)
    JOIN "StoredObject" o ON o."ownerId" = ${Math.trunc(ownerId)} AND o.id = wanted.id
    ORDER BY n) TO STDOUT (FORMAT binary)`;
}

function requireHex(id: ObjectId): string {
  if (!/^[0-9a-f]{64}$/.test(id)) throw new TypeError('An object id that is no hex reached SQL.');
  return id;
}

class PostgresSave implements SaveSession {
  readonly #client: PoolClient;
  readonly #ownerId: number;

  constructor(client: PoolClient, ownerId: number) {
    this.#client = client;
    this.#ownerId = ownerId;
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
    const { rows } = await translated(
      this.#client.query<{ newBytes: string }>({
        name: 'put-objects',
        text: PUT,
        values: [
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
        ],
      }),
    );
    return Number(rows[0]!.newBytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#client.query('SELECT pg_advisory_unlock_shared($1, $2)', [OWNER_OBJECTS_LOCK, this.#ownerId]);
      await this.#client.query('RESET synchronous_commit');
      this.#client.release();
    } catch {
      this.#client.release(true);
    }
  }
}

/** What is put was verified a moment ago: it takes the place of stored bytes that differ, which heals damaged ones. */
const PUT = `
  WITH put AS (
    INSERT INTO "StoredObject" AS stored ("ownerId", id, size, data, entries, files, bytes, depth)
    SELECT $1, substring($2::bytea FROM (n::int - 1) * 32 + 1 FOR 32), size,
           substring($3::bytea FROM at FOR length), entries, files, bytes, depth
    FROM unnest($4::int[], $5::int[], $6::int[], $7::bigint[], $8::bigint[], $9::bigint[], $10::int[])
         WITH ORDINALITY AS object(at, length, size, entries, files, bytes, depth, n)
    ON CONFLICT ("ownerId", id) DO UPDATE
      SET size = excluded.size, data = excluded.data,
          entries = coalesce(excluded.entries, stored.entries), files = coalesce(excluded.files, stored.files),
          bytes = coalesce(excluded.bytes, stored.bytes), depth = coalesce(excluded.depth, stored.depth)
      WHERE stored.size <> excluded.size OR stored.data <> excluded.data OR (excluded.entries IS NOT NULL AND
            (stored.entries, stored.files, stored.bytes, stored.depth)
            IS DISTINCT FROM (excluded.entries, excluded.files, excluded.bytes, excluded.depth))
    RETURNING octet_length(stored.data) AS length, stored.xmax = 0 AS is_new
  )
  SELECT coalesce(sum(length) FILTER (WHERE is_new), 0) AS "newBytes" FROM put`;

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/** Batches handed to `put` stay below this. */
export const PUT_BATCH_BYTES = 2 * MAX_OBJECT_BYTES;
