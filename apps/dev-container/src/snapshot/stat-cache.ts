import type { Chunk, Content, ObjectId, Raw } from '@rose/snapshot';
import type { Stat } from '@rose/snapshot/disk';

/**
 * What the last walk saw: enough to know without reading that a file is unchanged, and which
 * objects the orchestrator already holds. Entries are tree entries too, so a directory is
 * encoded from them as they are. A walk never changes a cached entry: it makes new ones and
 * puts them in place when it is through.
 */

interface Identity {
  inode: number;
  ctimeSeconds: number;
  ctimeNanoseconds: number;
}
interface Base {
  name: Raw;
  mode: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  /** The walk that hashed it. */
  epoch: number;
}
export interface CachedFile extends Base, Identity {
  kind: 'file';
  size: number;
  content: Content;
  /** All chunks, also where `content` names a list. */
  chunks: readonly Chunk[];
  /** Read so soon after its last change that a further change could hide: look again. */
  isRacy: boolean;
}
export interface CachedSymlink extends Base, Identity {
  kind: 'symlink';
  target: Raw;
  isRacy: boolean;
}
export interface CachedDirectory extends Base {
  kind: 'directory';
  tree: ObjectId;
  /** Sorted by name. */
  entries: readonly CachedEntry[];
}
export type CachedLeaf = CachedFile | CachedSymlink;
export type CachedEntry = CachedLeaf | CachedDirectory;

export class StatCache {
  /** The tree that the last walk found, the workspace directory itself. */
  root: CachedDirectory | null = null;
  /** Number of the last walk. */
  epoch = 0;
  /** The root tree whose objects the orchestrator holds. */
  storedRoot: ObjectId | null = null;
  /** Entries hashed in this walk or earlier are part of `storedRoot`. */
  storedThrough = 0;

  /** Begins a walk whose objects are compared to `base`. Every entry of the cache is part of the last walk's root. */
  begin(base: ObjectId | null): number {
    if (base !== null && base === this.root?.tree) this.storedThrough = this.epoch;
    else if (base === null || base !== this.storedRoot) this.storedThrough = 0;
    this.storedRoot = base;
    return this.epoch + 1;
  }

  isStored(entry: { epoch: number }): boolean {
    return entry.epoch <= this.storedThrough;
  }

  /** Takes over what a walk found. */
  commit(root: CachedDirectory, epoch: number): void {
    this.root = root;
    this.epoch = epoch;
  }
}

/** Whether a leaf is surely what it was: size, times, inode, and ctime, which no program can set. */
export function isUnchanged(leaf: CachedLeaf, stat: Stat): boolean {
  return (
    !leaf.isRacy &&
    leaf.kind === stat.kind &&
    leaf.inode === stat.inode &&
    leaf.ctimeNanoseconds === stat.ctimeNanoseconds &&
    leaf.ctimeSeconds === stat.ctimeSeconds &&
    leaf.mtimeNanoseconds === stat.mtimeNanoseconds &&
    leaf.mtimeSeconds === stat.mtimeSeconds &&
    leaf.mode === stat.mode &&
    (leaf.kind === 'symlink' || leaf.size === stat.size)
  );
}

/** The kernel stamps ctime from a clock that ticks every 1 to 10 ms; doubled and rounded up. */
const CLOCK_GRANULARITY_MS = 25;

/** Whether something last changed so shortly before it was read that the stamp cannot tell. */
export function isRacyAt(stat: Stat, readAtMs: number): boolean {
  return stat.ctimeSeconds * 1000 + stat.ctimeNanoseconds / 1e6 >= readAtMs - CLOCK_GRANULARITY_MS;
}
