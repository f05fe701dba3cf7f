import type { Chunk } from '@rose/snapshot';
import type { ObjectStore, StoredBytes } from '../drivers/objects/objects.ts';

/** Of chunks that are read at once. */
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Chunks for somebody who takes them at his own pace, in batches: each is read whole, in bounded memory, so that a slow
 * reader holds no connection of the database, of which there are few.
 * @throws RoseError DAMAGED when one is missing or is not as it was written; hashes are the reader's to check
 */
export async function* readBatches(
  objects: Pick<ObjectStore, 'readAll'>,
  ownerId: number,
  chunks: readonly Chunk[],
): AsyncGenerator<StoredBytes[], undefined> {
  let batch: Chunk[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    batch.push(chunk);
    bytes += chunk.size;
    if (bytes < BATCH_BYTES) continue;
    yield await objects.readAll(ownerId, batch);
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield await objects.readAll(ownerId, batch);
}
