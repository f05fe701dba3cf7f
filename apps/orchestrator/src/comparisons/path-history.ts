import type { PathHistory, PathVersion } from '@rose/contract';
import { fromText, type TreeEntry } from '@rose/snapshot';
import { hasSameContent } from '../versions/diff-trees.ts';
import { findEntries } from '../versions/find-entry.ts';
import type { TreeSource } from '../versions/trees.ts';
import type { VersionsRepository } from '../versions/versions-repository.ts';

/** Versions that are looked up together. */
const BATCH = 200;

export interface HistoryPage {
  /** Version after which it begins; missing: the beginning. */
  after?: number | undefined;
  limit: number;
}

/**
 * The versions in which a path changed, oldest first. Compares only that path: the trees on the way to it are read.
 * @throws RoseError DAMAGED
 */
export async function historyOf(
  repository: Pick<VersionsRepository, 'states' | 'latest'>,
  trees: TreeSource,
  { projectId, path }: { projectId: number; path: string },
  { after = 0, limit }: HistoryPage,
): Promise<PathHistory> {
  const raw = fromText(path);
  const start = after === 0 ? null : await repository.latest(projectId, after);
  let [before = null] = await findEntries(trees, start === null ? [] : [start.root], raw);
  const versions: PathVersion[] = [];
  for (let at = after; ;) {
    const states = await repository.states(projectId, at, BATCH);
    const entries = await findEntries(
      trees,
      states.map(({ root }) => root),
      raw,
    );
    for (const [index, { number, message, createdAt }] of states.entries()) {
      if (versions.length === limit) return { versions, next: at };
      at = number;
      const entry = entries[index]!;
      const change = changeBetween(before, entry);
      const size = entry?.kind === 'file' ? entry.size : null;
      if (change !== null)
        versions.push({ version: number, message, createdAt: createdAt.toISOString(), change, size });
      before = entry;
    }
    if (states.length < BATCH) return { versions, next: null };
  }
}

function changeBetween(before: TreeEntry | null, after: TreeEntry | null): PathVersion['change'] | null {
  if (before === null) return after === null ? null : 'added';
  if (after === null) return 'removed';
  if (before.kind === 'directory' && after.kind === 'directory') return before.tree === after.tree ? null : 'changed';
  return before.mode === after.mode && hasSameContent(before, after) ? null : 'changed';
}
