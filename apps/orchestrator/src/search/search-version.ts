import { inBatchesAsync, toText, type FileEntry, type ObjectId, type Raw } from '@rose/snapshot';
import type { Search } from '@rose/snapshot/search/thread';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { diffTrees } from '../versions/diff-trees.ts';
import { chunksOf } from '../versions/load-plan.ts';
import { createTreeCache, StoredTrees, verified, type TreeSource } from '../versions/trees.ts';

interface SearchedFile {
  path: string;
  entry: FileEntry;
}

/** A search meets each directory once: only what is read ahead has to be kept. */
const CACHE_BYTES = 32 * 1024 * 1024;
/** Files that are read together. */
const WINDOW = { items: 250, bytes: 4 * 1024 * 1024 };

/** Shows a search the tree of a version. @throws RoseError DAMAGED */
export async function searchVersion(
  search: Search,
  objects: Pick<ObjectStore, 'read'>,
  ownerId: number,
  root: ObjectId,
): Promise<void> {
  const trees = new StoredTrees(objects, ownerId, createTreeCache(CACHE_BYTES));
  for await (const files of inBatchesAsync(wantedFiles(search, trees, root), WINDOW, ({ entry }) => entry.size)) {
    const contents = await Promise.all(files.map(({ entry }) => chunksOf(trees, entry)));
    const stored = objects.read(ownerId, contents.flat());
    for (const [index, { path }] of files.entries()) {
      if (search.isOver) return;
      const parts: Buffer[] = [];
      for (const _ of contents[index]!) {
        const { id, data, size } = (await stored.next()).value!;
        parts.push(verified(id, data, size));
      }
      search.content(path, parts.length === 1 ? parts[0]! : Buffer.concat(parts));
    }
  }
}

/** Shows the search every name, or finds the files whose content it wants. */
async function* wantedFiles(search: Search, trees: TreeSource, root: ObjectId): AsyncGenerator<SearchedFile> {
  const selects = (path: Raw): boolean => !search.excludes(toText(path));
  for await (const { step, path: raw, after } of diffTrees(trees, null, root, { selects })) {
    if (search.isOver) return;
    if (step === 'leave' || after === null) continue;
    const path = toText(raw);
    if (search.mode === 'names') search.name(path, after.kind);
    else if (after.kind === 'file' && search.wants(path, after.size)) yield { path, entry: after };
  }
}
