import type { DirectoryTreeEntry, FileEntry, ObjectId, Raw, SymlinkEntry, TreeEntry } from '@rose/snapshot';
import { Sides, type Pair, type Place } from './sides.ts';
import { TreeReadAhead } from './tree-read-ahead.ts';
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
  yield* walk(sides, { path: '' as Raw, before, after });
}

/** A directory that is walked. */
interface Walked {
  place: Place;
  pairs: Iterator<Pair, void>;
  /** The second half of what became another kind. */
  later: Pair | null;
  /** Told when it is through. */
  leave: Difference | null;
}

/** One generator, not one per directory: each step would pass through all of them. */
async function* walk(sides: Sides, root: Place): AsyncGenerator<Difference> {
  const ahead = new TreeReadAhead(sides);
  await ahead.enter(root, null, root.path);
  const open: Walked[] = [{ place: root, pairs: await sides.pairs(root), later: null, leave: null }];
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
      const place = { path, before: both.before?.tree ?? null, after: both.after?.tree ?? null };
      await ahead.enter(place, here.place, (old ?? now)!.name);
      open.push({ place, pairs: await sides.pairs(place), later: null, leave: { step: 'leave', ...both } });
    } else if (!isSameEntry(old, now)) yield { step: 'leaf', path, before: old, after: now };
  }
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
