import { MAX_OBJECT_BYTES } from './limits.ts';
import { OBJECT_ID_BYTES, ObjectError, type ObjectId } from './objects.ts';

/** A piece of a file. */
export interface Chunk {
  id: ObjectId;
  /** Plain bytes. */
  size: number;
}

/**
 * Where a file's bytes are: its chunks in order (none for an empty file), or the id of a list
 * object that names them.
 */
export type Content = { chunks: readonly Chunk[] } | { list: ObjectId };

export const LIST_MAGIC = Buffer.from('RSL1', 'latin1');
const LIST_ITEM_BYTES = OBJECT_ID_BYTES + 4;
/** A list is an object, so it is bounded like one: about 114,000 chunks. */
export const MAX_LIST_CHUNKS = Math.floor((MAX_OBJECT_BYTES - LIST_MAGIC.length) / LIST_ITEM_BYTES);

/** @throws ObjectError when there are more chunks than a list can name. */
export function encodeList(chunks: readonly Chunk[]): Buffer {
  if (chunks.length > MAX_LIST_CHUNKS)
    throw new ObjectError(`A file of ${chunks.length} chunks is over the bound of ${MAX_LIST_CHUNKS}.`);
  const out = Buffer.allocUnsafe(LIST_MAGIC.length + chunks.length * LIST_ITEM_BYTES);
  LIST_MAGIC.copy(out);
  let at = LIST_MAGIC.length;
  for (const chunk of chunks) {
    out.write(chunk.id, at, 'hex');
    out.writeUInt32LE(chunk.size, at + OBJECT_ID_BYTES);
    at += LIST_ITEM_BYTES;
  }
  return out;
}

export function isList(plain: Uint8Array): boolean {
  return plain.length >= 4 && LIST_MAGIC.equals(plain.subarray(0, 4));
}

/** @throws ObjectError if `plain` is no well-formed list. */
export function decodeList(plain: Buffer): Chunk[] {
  if (!isList(plain) || (plain.length - LIST_MAGIC.length) % LIST_ITEM_BYTES !== 0)
    throw new ObjectError('A chunk list is malformed.');
  const chunks: Chunk[] = [];
  for (let at = LIST_MAGIC.length; at < plain.length; at += LIST_ITEM_BYTES) {
    chunks.push({
      id: plain.toString('hex', at, at + OBJECT_ID_BYTES) as ObjectId,
      size: checkChunkSize(plain.readUInt32LE(at + OBJECT_ID_BYTES)),
    });
  }
  return chunks;
}

export function checkChunkSize(size: number): number {
  if (size < 1 || size > MAX_OBJECT_BYTES) throw new ObjectError(`A chunk of ${size} bytes is out of bounds.`);
  return size;
}

export function totalSize(chunks: readonly Chunk[]): number {
  let sum = 0;
  for (const chunk of chunks) sum += chunk.size;
  return sum;
}
