import { RoseError } from '@rose/contract';
import type { ObjectId } from '@rose/snapshot';
import type { Pool } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { translateDatabaseError } from '../database/index.ts';
import { copyRows } from './copy-rows.ts';
import type { StoredBytes } from './objects.ts';
import { checksumOf, translated } from './postgres-save.ts';

/** Per object: stored bytes (-1 for one that is missing), plain bytes, checksum (one that no CRC-32 is for none). */
const HEAD_BYTES = 16;
const NO_CHECKSUM = 2n ** 31n;

/**
 * The objects in the order of `ids` as views of one piece of memory: one row whatever their number, since what a row costs
 * on its way is more than what most objects hold.
 * @throws RoseError DAMAGED when one is missing or does not hold the bytes that were put
 */
export async function readPacked(pool: Pool, ownerId: number, ids: readonly ObjectId[]): Promise<StoredBytes[]> {
  if (ids.length === 0) return [];
  const [heads, bytes] = await packedRow(pool, packedStatement(ownerId, ids));
  let at = 0;
  return ids.map((id, index) => {
    const head = index * HEAD_BYTES;
    const stored = heads.readInt32BE(head);
    if (stored < 0) throw damaged(id, 'is missing');
    const data = bytes.subarray(at, (at += stored));
    const checksum = heads.readBigInt64BE(head + 8);
    if (checksum !== NO_CHECKSUM && Number(checksum) !== checksumOf(data))
      throw damaged(id, 'does not hold the bytes that were written');
    return { id, size: heads.readInt32BE(head + 4), data };
  });
}

export function damaged(id: ObjectId | undefined, what: string): RoseError<'DAMAGED'> {
  return new RoseError('DAMAGED', `The stored object ${id} ${what}. Run rose verify.`, {});
}

async function packedRow(pool: Pool, statement: string): Promise<[Buffer, Buffer]> {
  const client = await translated(pool.connect());
  let isDone = false;
  try {
    const rows = await Array.fromAsync(copyRows(client.query(copyTo(statement))));
    isDone = true;
    const [heads, bytes] = rows[0]!;
    return [heads!, bytes!];
  } catch (error) {
    throw translateDatabaseError(error);
  } finally {
    // A COPY that was left half-way cannot be ended but by its connection.
    client.release(!isDone);
  }
}

function packedStatement(ownerId: number, ids: readonly ObjectId[]): string {
  return `COPY (SELECT
      string_agg(int4send(coalesce(octet_length(data), -1)) || int4send(coalesce(size, 0)) ||
        int8send(coalesce(checksum, ${NO_CHECKSUM})), '' ORDER BY n),
      string_agg(coalesce(data, ''), '' ORDER BY n)
    FROM ${wantedObjects(ownerId, ids, 'LEFT JOIN')}) TO STDOUT (FORMAT binary)`;
}

/**
 * For a FROM: the objects `id, size, data, checksum` with their place `n` in `ids`. COPY takes no parameters: the ids are
 * hex digits, nothing else. `OFFSET 0` keeps the planner from joining by a hash of all that the owner has, which it
 * writes to the disk for every batch.
 */
export function wantedObjects(ownerId: number, ids: readonly ObjectId[], join: 'JOIN' | 'LEFT JOIN'): string {
  const list = ids.map((id) => `"\\\\x${requireHex(id)}"`).join(',');
  return `unnest('{${list}}'::bytea[]) WITH ORDINALITY AS wanted(wanted_id, n) ${join} LATERAL (
    SELECT id, size, data, checksum FROM "StoredObject"
    WHERE "ownerId" = ${Math.trunc(ownerId)} AND id = wanted_id OFFSET 0) AS stored ON true`;
}

function requireHex(id: ObjectId): string {
  if (!/^[0-9a-f]{64}$/.test(id)) throw new TypeError('An object id that is no hex reached SQL.');
  return id;
}
