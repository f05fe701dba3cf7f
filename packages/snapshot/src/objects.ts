import { hash } from 'node:crypto';
import { MAX_OBJECT_BYTES } from './limits.ts';
import { compressFrame, decompressFrame, frameBound } from './zstd.ts';

/** SHA-256 of the plain bytes, 64 hex digits. */
export type ObjectId = string & { readonly [objectId]: never };
declare const objectId: unique symbol;

export const OBJECT_ID_BYTES = 32;

/** What a container or the database handed over breaks the object format. */
export class ObjectError extends Error {
  override readonly name = 'ObjectError';
}

export function idOf(plain: Uint8Array): ObjectId {
  return hash('sha256', plain, 'hex') as ObjectId;
}

/** @throws ObjectError unless `text` is 64 lower-case hex digits. */
export function parseObjectId(text: string): ObjectId {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new ObjectError(`"${text.slice(0, 80)}" is no object id.`);
  return text as ObjectId;
}

/** Room for the compressed bytes of any object. */
export const MAX_STORED_BYTES = frameBound(MAX_OBJECT_BYTES);

/**
 * One zstd frame (RFC 8878) of an object's plain bytes, in memory of its own, or in `scratch` of `MAX_STORED_BYTES`, until
 * that is used again.
 */
export function compress(plain: Uint8Array, scratch?: Buffer): Buffer {
  const frame = scratch ?? Buffer.allocUnsafeSlow(frameBound(plain.length));
  return frame.subarray(0, compressFrame(plain, frame));
}

/**
 * The plain bytes of a stored object, never more than `size`, in memory of their own, or in `scratch` of
 * `MAX_OBJECT_BYTES`, until that is used again.
 * @throws ObjectError if the input is not exactly one plain zstd frame of `size` bytes.
 */
export function decompress(stored: Uint8Array, size: number, scratch?: Buffer): Buffer {
  if (!Number.isInteger(size) || size < 0 || size > MAX_OBJECT_BYTES)
    throw new ObjectError(`An object of ${size} bytes is over the bound.`);
  requireOneFrame(stored, size);
  const plain = scratch?.subarray(0, size) ?? Buffer.allocUnsafeSlow(size);
  const found = decompressFrame(stored, plain);
  if (found === null) throw new ObjectError('A stored object does not decompress to its declared size.');
  if (found !== size) throw new ObjectError(`A stored object has ${found} bytes where ${size} were declared.`);
  return plain;
}

/**
 * Gives back at once the memory of bytes that nobody needs any more: all of it, so they must not share it. Left to the
 * collector, V8 marks the whole heap once for every 64 MB of such buffers. Slices of Node's pool are left alone.
 */
export function release(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength !== POOL_BYTES) buffer.transfer(0);
}

const POOL_BYTES = Buffer.allocUnsafe(1).buffer.byteLength;

/** Decompresses as `decompress` does and checks the hash. @throws ObjectError when it does not match. */
export function openObject(id: ObjectId, stored: Uint8Array, size: number, scratch?: Buffer): Buffer {
  const plain = decompress(stored, size, scratch);
  if (idOf(plain) !== id) throw new ObjectError(`Object ${id} does not match its hash.`);
  return plain;
}

const MAGIC = 0xfd2fb528;
const MAX_WINDOW_BYTES = 8 * 1024 * 1024;

/**
 * Node's decoder silently accepts several frames, skippable frames and trailing bytes; the
 * format does not. Walks the frame's blocks (RFC 8878 §3.1.1) without decompressing.
 */
function requireOneFrame(stored: Uint8Array, size: number): void {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.length);
  const refuse = (why: string): never => {
    throw new ObjectError(`A stored object is not one plain zstd frame: ${why}.`);
  };
  if (stored.length < 6 || view.getUint32(0, true) !== MAGIC) refuse('wrong magic');
  const descriptor = view.getUint8(4);
  if ((descriptor & 0b11) !== 0) refuse('it needs a dictionary');
  if ((descriptor & 0b1000) !== 0) refuse('a reserved bit is set');
  const isSingleSegment = (descriptor & 0b100000) !== 0;
  const sizeFlag = descriptor >> 6;
  let at = 5;
  if (!isSingleSegment) {
    const window = view.getUint8(at);
    const base = 2 ** (10 + (window >> 3));
    if (base + (base / 8) * (window & 7) > MAX_WINDOW_BYTES) refuse('its window is over 8 MiB');
    at += 1;
  }
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  if (at + sizeBytes > stored.length) refuse('it is cut');
  // A single segment is decoded into one piece of memory of this size.
  if (sizeBytes > 0 && contentSize(view, at, sizeBytes) !== size) refuse('it says another size');
  at += sizeBytes;
  for (;;) {
    if (at + 3 > stored.length) refuse('it is cut');
    const header = view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16);
    const type = (header >> 1) & 3;
    if (type === 3) refuse('a block has the reserved type');
    at += 3 + (type === 1 ? 1 : header >> 3);
    if ((header & 1) === 1) break;
  }
  if ((descriptor & 0b100) !== 0) at += 4;
  if (at !== stored.length) refuse('bytes follow its end');
}

function contentSize(view: DataView, at: number, bytes: number): number {
  switch (bytes) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
