import type { Difference } from '@rose/contract';
import { toText, type ObjectId, type TreeEntry } from '@rose/snapshot';
import { diffTrees, hasSameContent, type Difference as TreeDifference } from './diff-trees.ts';
import type { TreeSource } from './trees.ts';

/**
 * Two trees as the changes that a person would name: mere times do not count, a directory that
 * appears or vanishes stands for itself and all below it is named too, and what vanished in one
 * place and appeared with the same content in another was renamed. Cost grows with what differs.
 */
export async function differencesBetween(
  trees: TreeSource,
  before: ObjectId | null,
  after: ObjectId | null,
): Promise<Difference[]> {
  const changes: Located[] = [];
  for await (const difference of diffTrees(trees, before, after)) {
    const change = changeOf(difference);
    if (change !== null) changes.push(change);
  }
  return withRenames(changes);
}

interface Located {
  difference: Difference;
  /** What decides whether it is the same thing elsewhere; null for what is never a rename. */
  content: string | null;
}

function changeOf({ step, path: raw, before, after }: TreeDifference): Located | null {
  if (step === 'leave') return null;
  const entry = after ?? before!;
  const difference: Difference = {
    path: toText(raw),
    change: 'changed',
    kind: entry.kind,
    sizeBefore: sizeOf(before),
    sizeAfter: sizeOf(after),
    modeBefore: before?.mode ?? null,
    modeAfter: after?.mode ?? null,
  };
  if (before === null) return { difference: { ...difference, change: 'added' }, content: contentOf(entry) };
  if (after === null) return { difference: { ...difference, change: 'removed' }, content: contentOf(entry) };
  if (step === 'leaf' && !hasSameContent(before, after)) return { difference, content: null };
  return before.mode === after.mode ? null : { difference: { ...difference, change: 'mode' }, content: null };
}

function sizeOf(entry: TreeEntry | null): number | null {
  if (entry === null) return null;
  return entry.kind === 'file' ? entry.size : entry.kind === 'symlink' ? entry.target.length : 0;
}

/** Empty files are too alike to be taken for each other. */
function contentOf(entry: TreeEntry): string | null {
  if (entry.kind !== 'file' || entry.size === 0) return null;
  return 'list' in entry.content ? entry.content.list : entry.content.chunks.map(({ id }) => id).join();
}

function withRenames(changes: readonly Located[]): Difference[] {
  const vanished = new Map<string, Located[]>();
  for (const change of changes) {
    if (change.difference.change !== 'removed' || change.content === null) continue;
    vanished.set(change.content, [...(vanished.get(change.content) ?? []), change]);
  }
  const moved = new Set<Located>();
  const renamed = changes.map((change): Located => {
    if (change.difference.change !== 'added' || change.content === null) return change;
    const source = takeNearest(vanished.get(change.content), change.difference.path);
    if (source === null) return change;
    moved.add(source);
    const { path, sizeBefore, modeBefore } = source.difference;
    return { ...change, difference: { ...change.difference, change: 'renamed', from: path, sizeBefore, modeBefore } };
  });
  return renamed.filter((change) => !moved.has(change)).map(({ difference }) => difference);
}

/** Of several files with this content the one of the same name, else the first. */
function takeNearest(candidates: Located[] | undefined, path: string): Located | null {
  if (candidates === undefined || candidates.length === 0) return null;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const index = candidates.findIndex(
    ({ difference }) => difference.path.endsWith(`/${name}`) || difference.path === name,
  );
  return candidates.splice(Math.max(index, 0), 1)[0]!;
}
