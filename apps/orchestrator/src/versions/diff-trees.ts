import {
  joinRaw,
  type DirectoryTreeEntry,
  type FileEntry,
  type ObjectId,
  type Raw,
  type SymlinkEntry,
  type TreeEntry,
} from '@rose/snapshot';
import type { TreeSource } from './trees.ts';

export type LeafEntry = FileEntry | SymlinkEntry;

/**
 * One step of a comparison. A directory that differs is entered before its entries and left
 * after them; something that became another kind is first removed, then added.
 */
export type Difference =
  | { step: 'leaf'; path: Raw; before: LeafEntry | null; after: LeafEntry | null }
  | { step: 'enter' | 'leave'; path: Raw; before: DirectoryTreeEntry | null; after: DirectoryTreeEntry | null };

export interface DiffOptions {
  /** Where the second tree is read; missing: where the first is. */
  others?: TreeSource;
  /** Which paths to look at; a directory that holds such a path is entered. Missing: all. */
  selects?: (path: Raw) => boolean;
}

/**
 * Compares two trees; equal subtrees cost nothing. null stands for an empty tree. Differences
 * come in the order of a depth-first walk, names by bytes.
 */
export async function* diffTrees(
  trees: TreeSource,
  before: ObjectId | null,
  after: ObjectId | null,
  options: DiffOptions = {},
): AsyncGenerator<Difference> {
  const sides = new Sides(trees, options.others ?? trees, options.selects ?? (() => true));
  await sides.prefetch(before, after);
  yield* new TreeDiff(sides).directory('' as Raw, before, after);
}

class TreeDiff {
  readonly #sides: Sides;

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  async *directory(path: Raw, before: ObjectId | null, after: ObjectId | null): AsyncGenerator<Difference> {
    if (before === after) return;
    for (const [at, old, now] of await this.#sides.pairs(path, before, after)) yield* this.#pair(at, old, now);
  }

  async *#pair(path: Raw, before: TreeEntry | null, after: TreeEntry | null): AsyncGenerator<Difference> {
    if (before !== null && after !== null && before.kind !== after.kind) {
      yield* this.#pair(path, before, null);
      yield* this.#pair(path, null, after);
    } else if (before?.kind === 'directory' || after?.kind === 'directory') {
      yield* this.#subdirectory(path, before as DirectoryTreeEntry | null, after as DirectoryTreeEntry | null);
    } else if (!isSameEntry(before, after)) {
      yield { step: 'leaf', path, before, after };
    }
  }

  async *#subdirectory(
    path: Raw,
    before: DirectoryTreeEntry | null,
    after: DirectoryTreeEntry | null,
  ): AsyncGenerator<Difference> {
    if (before !== null && after !== null && before.tree === after.tree && hasSameAttributes(before, after)) return;
    yield { step: 'enter', path, before, after };
    yield* this.directory(path, before?.tree ?? null, after?.tree ?? null);
    yield { step: 'leave', path, before, after };
  }
}

type Pair = [path: Raw, before: TreeEntry | null, after: TreeEntry | null];

/** About as many as the tree cache holds. */
const MAX_PREFETCHED = 20_000;

/** Where the two trees are read, and which of their paths matter. */
class Sides {
  readonly #left: TreeSource;
  readonly #right: TreeSource;
  readonly #selects: (path: Raw) => boolean;

  constructor(left: TreeSource, right: TreeSource, selects: (path: Raw) => boolean) {
    this.#left = left;
    this.#right = right;
    this.#selects = selects;
  }

  /** The entries of two directories side by side, sorted by name. */
  async pairs(path: Raw, before: ObjectId | null, after: ObjectId | null): Promise<Pair[]> {
    const left = before === null ? [] : await this.#left.tree(before);
    const right = after === null ? [] : await this.#right.tree(after);
    const found: Pair[] = [];
    let i = 0;
    let j = 0;
    while (i < left.length || j < right.length) {
      const a = left[i];
      const b = right[j];
      const isLeft = b === undefined || (a !== undefined && a.name <= b.name);
      const isRight = a === undefined || (b !== undefined && b.name <= a.name);
      const at = joinRaw(path, (isLeft ? a : b)!.name);
      if (this.#selects(at)) found.push([at, isLeft ? a! : null, isRight ? b! : null]);
      if (isLeft) i += 1;
      if (isRight) j += 1;
    }
    return found;
  }

  /** Reads the directories that differ level by level, instead of one by one. */
  async prefetch(before: ObjectId | null, after: ObjectId | null): Promise<void> {
    let level: [path: Raw, left: ObjectId | null, right: ObjectId | null][] = [['' as Raw, before, after]];
    let count = 0;
    while (level.length > 0 && count < MAX_PREFETCHED) {
      await this.#left.prefetch(level.flatMap(([, left]) => left ?? []));
      await this.#right.prefetch(level.flatMap(([, , right]) => right ?? []));
      count += level.length;
      const below: typeof level = [];
      for (const [path, left, right] of level) {
        if (left === right) continue;
        for (const [at, a, b] of await this.pairs(path, left, right)) {
          const [old, now] = [treeOf(a), treeOf(b)];
          if (old !== now) below.push([at, old, now]);
        }
      }
      level = below;
    }
  }
}

function treeOf(entry: TreeEntry | null): ObjectId | null {
  return entry?.kind === 'directory' ? entry.tree : null;
}

export function hasSameAttributes(a: TreeEntry, b: TreeEntry): boolean {
  return a.mode === b.mode && a.mtimeSeconds === b.mtimeSeconds && a.mtimeNanoseconds === b.mtimeNanoseconds;
}

function isSameEntry(a: TreeEntry | null, b: TreeEntry | null): boolean {
  if (a === null || b === null) return a === b;
  return hasSameAttributes(a, b) && hasSameContent(a, b);
}

/** Whether two leaves hold the same, whatever their mode and time. */
export function hasSameContent(a: TreeEntry, b: TreeEntry): boolean {
  if (a.kind === 'symlink') return b.kind === 'symlink' && a.target === b.target;
  if (a.kind !== 'file' || b.kind !== 'file' || a.size !== b.size) return false;
  if ('list' in a.content || 'list' in b.content)
    return 'list' in a.content && 'list' in b.content && a.content.list === b.content.list;
  const others = b.content.chunks;
  return (
    a.content.chunks.length === others.length &&
    a.content.chunks.every((chunk, index) => chunk.id === others[index]!.id)
  );
}
