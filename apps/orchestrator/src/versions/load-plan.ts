import type { LoadPlan } from '@rose/contract';
import {
  mtimeNs,
  toText,
  type Chunk,
  type FileEntry,
  type LoadOperation,
  type ObjectId,
  type Raw,
  type ReuseChunk,
} from '@rose/snapshot';
import { diffTrees, hasSameContent, type Difference } from './diff-trees.ts';
import { PathSet } from './path-set.ts';
import type { TreeSource } from './trees.ts';

/** What a load does to one path, and for a written file where its bytes come from. */
export interface PlannedStep {
  operation: LoadOperation;
  /** Chunks in order; `offset` where the live file already holds one. */
  pieces: readonly (Chunk & { offset: number | null })[];
}

export interface LoadSelection {
  trees: TreeSource;
  /** The live state. */
  live: ObjectId | null;
  target: ObjectId;
  /** Where the target is read; missing: where the live state is. */
  targetTrees?: TreeSource | undefined;
  /** Only these paths; null for the whole workspace. */
  paths: readonly Raw[] | null;
}

/** The operations of a load, in the order in which an agent can do them. Repeatable: trees do not change. */
export async function* planSteps(selection: LoadSelection): AsyncGenerator<PlannedStep> {
  const { trees, live, target, targetTrees = trees, paths } = selection;
  const wanted = paths === null ? null : new PathSet(paths);
  const isWanted = (path: Raw): boolean => wanted === null || wanted.holds(path);
  const leadsTo = (path: Raw): boolean => wanted === null || wanted.leadsTo(path);
  const selects = (path: Raw): boolean => isWanted(path) || leadsTo(path);
  for await (const difference of diffTrees(trees, live, target, { others: targetTrees, selects })) {
    if (difference.step === 'leaf') {
      if (isWanted(difference.path)) yield await leafStep({ trees, targetTrees }, difference);
    } else {
      const step = directoryStep(difference, isWanted(difference.path));
      if (step !== null) yield step;
    }
  }
}

function directoryStep(
  { step, path: raw, before, after }: Difference & { step: 'enter' | 'leave' },
  isWanted: boolean,
): PlannedStep | null {
  const path = toText(raw);
  if (step === 'enter') return after !== null && before === null ? plain({ op: 'directory', path }) : null;
  if (after === null) return isWanted ? plain({ op: 'remove', path, kind: 'directory' }) : null;
  // A directory that only leads to a wanted path keeps what it is; touching its entries changed its mtime.
  const { mode, mtimeSeconds, mtimeNanoseconds } = isWanted || before === null ? after : before;
  return plain({
    op: 'attributes',
    path,
    kind: 'directory',
    mode,
    mtimeNs: mtimeNs({ mtimeSeconds, mtimeNanoseconds }),
  });
}

async function leafStep(
  sources: Required<Pick<LoadSelection, 'trees' | 'targetTrees'>>,
  { path: raw, before, after }: Difference & { step: 'leaf' },
): Promise<PlannedStep> {
  const path = toText(raw);
  if (after === null) return plain({ op: 'remove', path, kind: before!.kind });
  const attributes = { path, mode: after.mode, mtimeNs: mtimeNs(after) };
  if (before !== null && hasSameContent(before, after))
    return plain({ op: 'attributes', kind: after.kind, ...attributes });
  if (after.kind === 'symlink')
    return plain({ op: 'write', kind: 'symlink', ...attributes, target: toText(after.target) });
  const content = 'list' in after.content ? { list: after.content.list } : { chunks: [...after.content.chunks] };
  const operation: LoadOperation = { op: 'write', kind: 'file', ...attributes, size: after.size, content };
  const old = before?.kind === 'file' ? await chunksOf(sources.trees, before) : [];
  return { operation, pieces: pieces(old, await chunksOf(sources.targetTrees, after)) };
}

function pieces(before: readonly Chunk[], after: readonly Chunk[]): PlannedStep['pieces'] {
  const offsets = new Map<ObjectId, number>();
  let offset = 0;
  for (const { id, size } of before) {
    offsets.set(id, offset);
    offset += size;
  }
  return after.map((chunk) => ({ ...chunk, offset: offsets.get(chunk.id) ?? null }));
}

/** All chunks of a file, also where its entry names a list. */
export async function chunksOf(trees: TreeSource, { content }: FileEntry): Promise<readonly Chunk[]> {
  return 'list' in content ? await trees.list(content.list) : content.chunks;
}

function plain(operation: LoadOperation): PlannedStep {
  return { operation, pieces: [] };
}

export type PlanCounts = Omit<LoadPlan, 'version' | 'kept' | 'conflicts' | 'next'> & {
  /** Operations in all. */
  operations: number;
  /** Bytes that the agent writes. */
  staged: number;
  conflicts: string[];
};

/** Which of a list are told. */
export interface Page {
  offset: number;
  limit: number;
}

/**
 * Counts a plan; the paths of one page are kept. Paths that the scan could not hold and that the plan would need are the
 * conflicts that are known beforehand.
 */
export async function countSteps(
  steps: AsyncIterable<PlannedStep>,
  skipped: readonly string[],
  page: Page | null,
): Promise<PlanCounts> {
  const counts: PlanCounts = { written: 0, removed: 0, bytes: 0, paths: [], operations: 0, staged: 0, conflicts: [] };
  for await (const { operation } of steps) {
    counts.operations += 1;
    const { op, path } = operation;
    if (op === 'attributes' && operation.kind === 'directory') continue;
    if (op === 'write' && operation.kind === 'file') {
      counts.bytes += operation.size;
      counts.staged += operation.size;
    }
    const action = op === 'remove' ? 'remove' : 'write';
    const index = counts.written + counts.removed;
    if (action === 'remove') counts.removed += 1;
    else counts.written += 1;
    if (page !== null && index >= page.offset && index < page.offset + page.limit) counts.paths.push({ path, action });
    if (skipped.some((held) => held === path || (op === 'remove' && held.startsWith(`${path}/`))))
      counts.conflicts.push(path);
  }
  return counts;
}

export function reuseOf(piece: PlannedStep['pieces'][number]): ReuseChunk | null {
  return piece.offset === null ? null : { id: piece.id, size: piece.size, offset: piece.offset };
}
