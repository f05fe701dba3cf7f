import {
  joinRaw,
  type DirectoryTreeEntry,
  type FileEntry,
  type ObjectId,
  type Raw,
  type SymlinkEntry,
  type TreeEntry,
} from '@rose/snapshot';
import { sideBySide } from './side-by-side.ts';
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
  yield* walk(sides, before, after);
}

type Pair = [path: Raw, before: TreeEntry | null, after: TreeEntry | null];

/** A directory that is walked. */
interface Walked {
  pairs: Iterator<Pair, void>;
  /** The second half of what became another kind. */
  later: Pair | null;
  /** Told when it is through. */
  leave: Difference | null;
}

/** One generator, not one per directory: each step would pass through all of them. */
async function* walk(sides: Sides, before: ObjectId | null, after: ObjectId | null): AsyncGenerator<Difference> {
  const open: Walked[] = [{ pairs: await sides.pairs('' as Raw, before, after), later: null, leave: null }];
  for (let here = open.at(-1); here !== undefined; here = open.at(-1)) {
    const pair: Pair | void = here.later ?? here.pairs.next().value;
    here.later = null;
    if (pair === undefined) {
      if (here.leave !== null) yield here.leave;
      open.pop();
      continue;
    }
    const [path, old, next] = pair;
    const isOther = old !== null && next !== null && old.kind !== next.kind;
    if (isOther) here.later = [path, null, next];
    const now = isOther ? null : next;
    if (old?.kind === 'directory' || now?.kind === 'directory') {
      const both = { path, before: old as DirectoryTreeEntry | null, after: now as DirectoryTreeEntry | null };
      if (isSameDirectory(both.before, both.after)) continue;
      yield { step: 'enter', ...both };
      const pairs = await sides.pairs(path, both.before?.tree ?? null, both.after?.tree ?? null);
      open.push({ pairs, later: null, leave: { step: 'leave', ...both } });
    } else if (!isSameEntry(old, now)) yield { step: 'leaf', path, before: old, after: now };
  }
}

/** Of directories that are read ahead: somewhat less than the caches of trees hold. */
const MAX_PREFETCHED_ENTRIES = 50_000;
const PREFETCHED_AT_ONCE = 250;

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

  /** The entries of two directories side by side, sorted by name; of equal ones none. */
  async pairs(path: Raw, before: ObjectId | null, after: ObjectId | null): Promise<Iterator<Pair, void>> {
    const isEqual = before === after;
    const left = before === null || isEqual ? [] : await this.#left.tree(before);
    const right = after === null || isEqual ? [] : await this.#right.tree(after);
    return this.#located(path, left, right);
  }

  *#located(path: Raw, left: Iterable<TreeEntry>, right: Iterable<TreeEntry>): Generator<Pair, void> {
    for (const [old, now] of sideBySide(left, right)) {
      const at = joinRaw(path, (old ?? now)!.name);
      if (this.#selects(at)) yield [at, old, now];
    }
  }

  /** Reads the directories that differ level by level, instead of one by one, as far as they can be kept. */
  async prefetch(before: ObjectId | null, after: ObjectId | null): Promise<void> {
    let level: [path: Raw, left: ObjectId | null, right: ObjectId | null][] = [['' as Raw, before, after]];
    let entries = 0;
    while (level.length > 0) {
      const below: typeof level = [];
      for (let at = 0; at < level.length; at += PREFETCHED_AT_ONCE) {
        const some = level.slice(at, at + PREFETCHED_AT_ONCE);
        await this.#left.prefetch(some.flatMap(([, left]) => left ?? []));
        await this.#right.prefetch(some.flatMap(([, , right]) => right ?? []));
        for (const [path, left, right] of some) {
          for (const [place, a, b] of Iterator.from(await this.pairs(path, left, right))) {
            entries += 1;
            const [old, now] = [treeOf(a), treeOf(b)];
            if (old !== now) below.push([place, old, now]);
          }
        }
        if (entries > MAX_PREFETCHED_ENTRIES) return;
      }
      level = below;
    }
  }
}

function treeOf(entry: TreeEntry | null): ObjectId | null {
  return entry?.kind === 'directory' ? entry.tree : null;
}

function isSameDirectory(a: DirectoryTreeEntry | null, b: DirectoryTreeEntry | null): boolean {
  return a !== null && b !== null && a.tree === b.tree && hasSameAttributes(a, b);
}

function hasSameAttributes(a: TreeEntry, b: TreeEntry): boolean {
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
