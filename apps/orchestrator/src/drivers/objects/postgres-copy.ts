import { RoseError } from '@rose/contract';
import type { ObjectId } from '@rose/snapshot';
import type { Pool } from 'pg';
import { translateDatabaseError } from '../database/index.ts';
import type { LackingObject, TwoOwners } from './objects.ts';
import { translated } from './postgres-save.ts';

/** Objects from one owner to another, without a byte of them leaving the database. */

export async function lackingObjects(
  pool: Pool,
  { from, to }: TwoOwners,
  ids: readonly ObjectId[],
): Promise<LackingObject[]> {
  const { rows } = await translated(
    pool.query<{ id: ObjectId; stored: number | null }>(LACKING, [from, to, ids.map((id) => Buffer.from(id, 'hex'))]),
  );
  return rows.map(({ id, stored }) => {
    if (stored === null)
      throw new RoseError('DAMAGED', `The stored object ${id} is missing. Its owner should run rose verify.`, {});
    return { id, stored };
  });
}

/** A tree whose bytes are there as a file's only lacks what is told of trees. */
const LACKING = `
  SELECT encode(wanted.id, 'hex') AS id, octet_length(source.data) AS stored
  FROM unnest($3::bytea[]) AS wanted(id)
  LEFT JOIN "StoredObject" AS source ON source."ownerId" = $1 AND source.id = wanted.id
  LEFT JOIN "StoredObject" AS target ON target."ownerId" = $2 AND target.id = wanted.id
  WHERE target.id IS NULL OR (target.entries IS NULL AND source.entries IS NOT NULL)`;

export async function copyObjects(
  pool: Pool,
  { from, to }: TwoOwners,
  objects: readonly { id: ObjectId }[],
): Promise<void> {
  const client = await translated(pool.connect());
  let isDone = false;
  try {
    await client.query('BEGIN');
    // The version's own transaction is durable, and with it all that was written before it.
    await client.query('SET LOCAL synchronous_commit = off');
    await client.query(COPY, [from, to, objects.map(({ id }) => Buffer.from(id, 'hex'))]);
    await client.query('COMMIT');
    isDone = true;
  } catch (error) {
    throw translateDatabaseError(error);
  } finally {
    client.release(!isDone);
  }
}

/**
 * In order of id, as saves write: two that store the same objects do not wait for each other in a circle. Bytes that are
 * there stay: which of two that differ are damaged nobody can say here.
 */
const COPY = `
  INSERT INTO "StoredObject" AS stored ("ownerId", id, size, data, checksum, entries, files, bytes, depth)
  SELECT $2, id, size, data, checksum, entries, files, bytes, depth
  FROM "StoredObject" WHERE "ownerId" = $1 AND id = ANY($3::bytea[]) ORDER BY id
  ON CONFLICT ("ownerId", id) DO UPDATE
    SET entries = excluded.entries, files = excluded.files, bytes = excluded.bytes, depth = excluded.depth
    WHERE stored.entries IS NULL AND excluded.entries IS NOT NULL`;
