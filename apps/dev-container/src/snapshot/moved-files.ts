import type { Stat } from '@rose/snapshot/disk';
import { isUnchanged, type CachedDirectory, type CachedFile, type StatCache } from './stat-cache.ts';

/**
 * Files of the last walk by their inodes. Moving a directory changes nothing of the files in it: they are known,
 * though at another path. A file that was moved itself has another ctime, and is read.
 */
export class MovedFiles {
  readonly #cache: StatCache;
  #byInode: Map<number, CachedFile> | null = null;

  constructor(cache: StatCache) {
    this.#cache = cache;
  }

  /** The file that this one surely is, as the last walk saw it; null when there is none. */
  find(stat: Stat): CachedFile | null {
    // Made when the first unknown directory is met: most walks meet none.
    this.#byInode ??= filesOf(this.#cache.root);
    const known = this.#byInode.get(stat.inode);
    return known !== undefined && isUnchanged(known, stat) ? known : null;
  }
}

function filesOf(root: CachedDirectory | null): Map<number, CachedFile> {
  const found = new Map<number, CachedFile>();
  const pending = root === null ? [] : [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const entry of directory.entries) {
      if (entry.kind === 'directory') pending.push(entry);
      else if (entry.kind === 'file') found.set(entry.inode, entry);
    }
  }
  return found;
}
