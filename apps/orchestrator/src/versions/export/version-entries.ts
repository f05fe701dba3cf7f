import { RoseError } from '@rose/contract';
import { toText, type ObjectId, type Raw, type TreeEntry } from '@rose/snapshot';
import { whatZipCannotCarry, type ZipTotals } from '@rose/snapshot/zip';
import { diffTrees } from '../diff-trees.ts';
import type { TreeSource } from '../trees.ts';

export interface VersionEntry {
  path: Raw;
  entry: TreeEntry;
}

/** Every entry of a version, directories before their content, names by bytes. */
export async function* versionEntries(trees: TreeSource, root: ObjectId): AsyncGenerator<VersionEntry> {
  for await (const { step, path, after } of diffTrees(trees, null, root)) {
    if (step !== 'leave') yield { path, entry: after! };
  }
}

/**
 * Looks at all names before the first byte of a zip is sent, and counts.
 * @throws RoseError ARCHIVE_REFUSED naming the path that a zip cannot hold, DAMAGED
 */
export async function checkEntries(entries: AsyncIterable<VersionEntry>, signal: AbortSignal): Promise<ZipTotals> {
  const totals: ZipTotals = { entries: 0, bytes: 0 };
  for await (const { path, entry } of entries) {
    signal.throwIfAborted();
    const problem = whatZipCannotCarry(path, entry.kind === 'symlink' ? entry.target : null);
    if (problem !== null) {
      const text = toText(path);
      throw new RoseError('ARCHIVE_REFUSED', `A zip cannot hold ${JSON.stringify(text)}: ${problem}.`, { path: text });
    }
    totals.entries += 1;
    if (entry.kind === 'file') totals.bytes += entry.size;
  }
  return totals;
}
