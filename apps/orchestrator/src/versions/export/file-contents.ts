import type { Chunk, FileEntry } from '@rose/snapshot';
import { pack, type PackedContent } from '@rose/snapshot/zip';
import type { ObjectStore, StoredBytes } from '../../drivers/objects/objects.ts';
import { readBatches } from '../read-batches.ts';
import { verified } from '../trees.ts';

/** A file and the chunks it is made of. */
export interface FileChunks {
  entry: FileEntry;
  chunks: readonly Chunk[];
}

/** Each file that is being packed takes a quarter of a MiB beside its content. */
const PACKED_AT_ONCE = 8;
/** zstd made it hardly smaller: deflate would not either. */
const INCOMPRESSIBLE = 0.95;

/**
 * The content of small files, packed for a zip, in order.
 * @throws RoseError DAMAGED
 */
export async function packFiles(
  objects: ObjectStore,
  ownerId: number,
  files: readonly FileChunks[],
): Promise<PackedContent[]> {
  const stored = objects.read(
    ownerId,
    files.flatMap(({ chunks }) => chunks),
  );
  const contents: Promise<PackedContent>[] = [];
  for (const { chunks } of files) {
    const parts: StoredBytes[] = [];
    for (const _ of chunks) parts.push((await stored.next()).value as StoredBytes);
    contents.push(pack(Buffer.concat(parts.map(plainOf)), parts.every(isCompressible)));
    await contents.at(-PACKED_AT_ONCE);
  }
  await stored.return(undefined);
  return await Promise.all(contents);
}

/** Content of a large file, and what its first chunk says of the rest. */
export interface LargeContent {
  isCompressible: boolean;
  bytes: AsyncGenerator<Buffer>;
}

/** @throws RoseError DAMAGED, here or while the bytes are read */
export async function openLarge(objects: ObjectStore, ownerId: number, { chunks }: FileChunks): Promise<LargeContent> {
  const batches = readBatches(objects, ownerId, chunks);
  const first = (await batches.next()).value ?? [];
  async function* bytes(): AsyncGenerator<Buffer> {
    yield* first.map(plainOf);
    for await (const batch of batches) yield* batch.map(plainOf);
  }
  return { isCompressible: first.every(isCompressible), bytes: bytes() };
}

function plainOf({ id, data, size }: StoredBytes): Buffer {
  return verified(id, data, size);
}

function isCompressible({ data, size }: StoredBytes): boolean {
  return data.length < size * INCOMPRESSIBLE;
}
