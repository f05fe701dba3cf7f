import { hash } from 'node:crypto';
import { MAX_OBJECT_BYTES } from './limits.ts';

/**
 * Where a file is cut: by content, so that an insertion changes the chunks around it and not
 * all that follow. FastCDC with normalised chunking (Xia et al., "FastCDC: a Fast and Efficient
 * Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016), a 32-bit gear
 * hash, level 2. Readers see only chunk lists: versions cut otherwise stay readable.
 */

export const MIN_CHUNK_BYTES = 256 * 1024;
/** Expected size; before it a cut is unlikely, after it likely. */
export const NORMAL_CHUNK_BYTES = 1024 * 1024;
export const MAX_CHUNK_BYTES = MAX_OBJECT_BYTES;

/** The upper 22 bits: a cut every 4 MiB. The upper bits, since they depend on the most bytes. */
const MASK_BEFORE = 0xfffffc00 | 0;
/** The upper 18 bits: a cut every 256 KiB. */
const MASK_AFTER = 0xffffc000 | 0;

/** One random number a byte value: the first four bytes of SHA-256 of the single byte, big-endian. */
const GEAR = Int32Array.from({ length: 256 }, (_, byte) =>
  hash('sha256', Uint8Array.of(byte), 'buffer').readInt32BE(0),
);

/**
 * Length of the chunk that begins at `start`. The caller must offer MAX_CHUNK_BYTES bytes
 * unless the file ends at `end`.
 */
export function chunkLength(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + MAX_CHUNK_BYTES);
  const normal = Math.min(last, start + NORMAL_CHUNK_BYTES);
  let at = start + MIN_CHUNK_BYTES;
  if (at >= last) return last - start;
  let gear = 0;
  for (; at < normal; at += 1) {
    gear = ((gear << 1) + GEAR[bytes[at]!]!) | 0;
    if ((gear & MASK_BEFORE) === 0) return at + 1 - start;
  }
  for (; at < last; at += 1) {
    gear = ((gear << 1) + GEAR[bytes[at]!]!) | 0;
    if ((gear & MASK_AFTER) === 0) return at + 1 - start;
  }
  return last - start;
}
