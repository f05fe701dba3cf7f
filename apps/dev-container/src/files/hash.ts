import { createHash } from 'node:crypto';
import type { Fd } from '@rose/snapshot/disk';
import { readRange } from './read-file.ts';

const CHUNK_BYTES = 1024 * 1024;

/** SHA-256 of a whole open file, hex. */
export async function hashFile(fd: Fd, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; ;) {
    signal?.throwIfAborted();
    const chunk = await readRange(fd, offset, CHUNK_BYTES);
    hash.update(chunk);
    offset += chunk.length;
    if (chunk.length < CHUNK_BYTES) return hash.digest('hex');
  }
}
