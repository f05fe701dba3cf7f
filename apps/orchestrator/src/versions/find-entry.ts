import { splitRaw, type ObjectId, type Raw, type TreeEntry } from '@rose/snapshot';
import type { TreeSource } from './trees.ts';

/** The entry at a path below a tree, null when there is none. The path must not be empty. */
export async function findEntry(trees: TreeSource, root: ObjectId, path: Raw): Promise<TreeEntry | null> {
  let tree: ObjectId = root;
  let entry: TreeEntry | null = null;
  for (const name of splitRaw(path)) {
    if (entry !== null && entry.kind !== 'directory') return null;
    tree = entry?.tree ?? tree;
    entry = named(await trees.tree(tree), name);
    if (entry === null) return null;
  }
  return entry;
}

/** The same of several trees: the directories of each level are read together. */
export async function findEntries(
  trees: TreeSource,
  roots: readonly ObjectId[],
  path: Raw,
): Promise<(TreeEntry | null)[]> {
  let directories: (ObjectId | null)[] = [...roots];
  let found: (TreeEntry | null)[] = roots.map(() => null);
  for (const name of splitRaw(path)) {
    await trees.prefetch(directories.filter((id) => id !== null));
    found = [];
    for (const id of directories) {
      found.push(id === null ? null : named(await trees.tree(id), name));
    }
    directories = found.map((entry) => (entry?.kind === 'directory' ? entry.tree : null));
  }
  return found;
}

function named(entries: Iterable<TreeEntry>, name: Raw): TreeEntry | null {
  for (const entry of entries) {
    if (entry.name === name) return entry;
    if (entry.name > name) return null;
  }
  return null;
}
