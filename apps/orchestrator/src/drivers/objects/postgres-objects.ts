import { setTimeout as sleep } from 'node:timers/promises';
import { inBatchesAsync, type ObjectId } from '@rose/snapshot';
import type { Pool, PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { translateDatabaseError } from '../database/index.ts';
import { copyRows } from './copy-rows.ts';
import type {
  CheckedBytes,
  LackingObject,
  ObjectStore,
  SaveSession,
  SizedId,
  StoredBytes,
  StoredSize,
  TreeTotals,
  TwoOwners,
} from './objects.ts';
import { OWNER_OBJECTS_LOCK, OwnerLocks } from './owner-locks.ts';
import { copyObjects, lackingObjects } from './postgres-copy.ts';
import { damaged, readPacked, wantedObjects } from './postgres-read.ts';
import { checksumOf, PostgresSave, translated } from './postgres-save.ts';

const READ_BATCH = { items: 1000, bytes: 8 * 1024 * 1024 };

/** Objects as rows of StoredObject. Bytes never pass through Prisma: notes in docs/store.md §7. */
export class PostgresObjects implements ObjectStore {
  readonly #pool: Pool;
  readonly #locks: OwnerLocks;
  /** How often objects of an owner were written or removed. */
  readonly #changes = new Map<number, number>();

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#locks = new OwnerLocks(pool);
  }

  async beginSave(ownerId: number): Promise<SaveSession> {
    return new PostgresSave(this.#pool, ownerId, await this.#locks.hold(ownerId), () => this.#note(ownerId));
  }

  changes(ownerId: number): number {
    return this.#changes.get(ownerId) ?? 0;
  }

  #note(ownerId: number): void {
    this.#changes.set(ownerId, this.changes(ownerId) + 1);
  }

  async *read(ownerId: number, ids: Iterable<SizedId> | AsyncIterable<SizedId>): AsyncGenerator<StoredBytes, void> {
    for await (const batch of batchesOf(ids)) yield* this.#readBatch(ownerId, batch);
  }

  async readAll(ownerId: number, ids: Iterable<SizedId>): Promise<StoredBytes[]> {
    const found: StoredBytes[] = [];
    for await (const batch of batchesOf(ids)) found.push(...(await readPacked(this.#pool, ownerId, batch)));
    return found;
  }

  async *present(ownerId: number, ids: Iterable<SizedId>): AsyncGenerator<CheckedBytes> {
    for await (const batch of batchesOf(ids))
      for await (const row of this.#copy(readStatement(ownerId, batch))) yield objectOf(row);
  }

  async *#readBatch(ownerId: number, ids: readonly ObjectId[]): AsyncGenerator<StoredBytes> {
    const client = await translated(this.#pool.connect());
    let isDone = false;
    let isDamaged = false;
    let index = 0;
    try {
      const stream = client.query(copyTo(readStatement(ownerId, ids)));
      for await (const row of copyRows(stream)) {
        const { isAsWritten, ...object } = objectOf(row);
        if (object.id !== ids[index]) break;
        isDamaged = !isAsWritten;
        if (isDamaged) break;
        index += 1;
        yield object;
      }
      isDone = index === ids.length;
    } catch (error) {
      throw translateDatabaseError(error);
    } finally {
      // A COPY that was left half-way cannot be ended but by its connection.
      client.release(!isDone);
    }
    if (!isDone) throw damaged(ids[index], isDamaged ? 'does not hold the bytes that were written' : 'is missing');
  }

  async *all(ownerId: number): AsyncGenerator<CheckedBytes> {
    const statement = `COPY (SELECT id, size, data, checksum FROM "StoredObject" WHERE "ownerId" = ${Math.trunc(ownerId)} ORDER BY id) TO STDOUT (FORMAT binary)`;
    for await (const row of this.#copy(statement)) yield objectOf(row);
  }

  async *sizes(ownerId: number): AsyncGenerator<StoredSize> {
    const statement = `COPY (SELECT id, size, octet_length(data) FROM "StoredObject" WHERE "ownerId" = ${Math.trunc(ownerId)} ORDER BY id) TO STDOUT (FORMAT binary)`;
    for await (const [id, size, stored] of this.#copy(statement)) {
      yield { id: id!.toString('hex') as ObjectId, size: size!.readInt32BE(0), stored: stored!.readInt32BE(0) };
    }
  }

  async storedBytes(ownerId: number): Promise<number> {
    const text = 'SELECT coalesce(sum(octet_length(data)), 0) AS bytes FROM "StoredObject" WHERE "ownerId" = $1';
    const { rows } = await translated(this.#pool.query<{ bytes: string }>(text, [ownerId]));
    return Number(rows[0]!.bytes);
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
        this.#note(ownerId);
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

  async lacking(owners: TwoOwners, ids: readonly ObjectId[]): Promise<LackingObject[]> {
    return await lackingObjects(this.#pool, owners, ids);
  }

  async copy(owners: TwoOwners, objects: readonly { id: ObjectId }[]): Promise<void> {
    await copyObjects(this.#pool, owners, objects);
    this.#note(owners.to);
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

async function* batchesOf(ids: Iterable<SizedId> | AsyncIterable<SizedId>): AsyncGenerator<ObjectId[]> {
  for await (const batch of inBatchesAsync(ids, READ_BATCH, ({ size }) => size)) yield batch.map(({ id }) => id);
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

/** Rows written before checksums were have none. */
function objectOf([id, size, bytes, checksum]: (Buffer | null)[]): CheckedBytes {
  // A copy: the row's buffer is a view of a larger network piece.
  const data = Buffer.from(bytes!);
  const isAsWritten = checksum === null || checksum!.readInt32BE(0) === checksumOf(data);
  return { id: id!.toString('hex') as ObjectId, size: size!.readInt32BE(0), data, isAsWritten };
}

function readStatement(ownerId: number, ids: readonly ObjectId[]): string {
  const wanted = wantedObjects(ownerId, ids, 'JOIN');
  return `COPY (SELECT id, size, data, checksum FROM ${wanted} ORDER BY n) TO STDOUT (FORMAT binary)`;
}
