import { inBatches, type Chunk } from '@rose/snapshot';
import type { ObjectStore, StoredBytes } from '../drivers/objects/objects.ts';

/** Of chunks that are read at once. */
const BATCH = { items: 1000, bytes: 4 * 1024 * 1024 };

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
  for (const batch of inBatches(chunks, BATCH, ({ size }) => size)) yield await objects.readAll(ownerId, batch);
}
