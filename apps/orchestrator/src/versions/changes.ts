import type { PathChange } from '@rose/contract';
import { toText, type ObjectId } from '@rose/snapshot';
import { diffTrees, hasSameContent, type Difference } from './diff-trees.ts';
import type { TreeSource } from './trees.ts';

/** Two trees as the changes that a person would name: no mere times, directories only where they appear or vanish. */
export async function changesBetween(
  trees: TreeSource,
  before: ObjectId | null,
  after: ObjectId | null,
): Promise<PathChange[]> {
  const changes: PathChange[] = [];
  for await (const difference of diffTrees(trees, before, after)) {
    const change = changeOf(difference);
    if (change !== null) changes.push(change);
  }
  return changes;
}

function changeOf({ step, path: raw, before, after }: Difference): PathChange | null {
  const path = toText(raw);
  if (step === 'leave') return null;
  if (before === null) return { path, change: 'added', kind: after!.kind };
  if (after === null) return { path, change: 'removed', kind: before.kind };
  if (step === 'leaf' && !hasSameContent(before, after)) return { path, change: 'changed', kind: after.kind };
  return before.mode === after.mode ? null : { path, change: 'mode', kind: after.kind };
}
