import { readTree } from '@rose/snapshot/disk';

/**
 * The tree below an open directory, read as fast as the pieces are taken.
 * @param onBytes told how many bytes were read so far
 */
export async function* treePieces(root: number, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for (const batch of readTree(root)) {
    bytes += batch.length;
    onBytes(bytes);
    yield batch;
  }
}
