import type { Difference } from '@rose/contract';
import { toText, type ObjectId, type TreeEntry } from '@rose/snapshot';
import { diffTrees, hasSameContent, type Difference as TreeDifference } from './diff-trees.ts';
import type { Page } from './load-plan.ts';
import type { TreeSource } from './trees.ts';

/** Of more changes than this renames are not looked for: they would all have to be held, at about 500 bytes each. */
const MOST_WITH_RENAMES = 100_000;

/**
 * Two trees as the changes that a person would name: mere times do not count, a directory that
 * appears or vanishes stands for itself and all below it is named too, and what vanished in one
 * place and appeared with the same content in another was renamed. Cost grows with what differs,
 * memory does not.
 * @param most with more changes renames are told as removed and added
 */
export async function* differencesBetween(
  trees: TreeSource,
  before: ObjectId | null,
  after: ObjectId | null,
  most = MOST_WITH_RENAMES,
): AsyncGenerator<Difference> {
  let held: Located[] | null = [];
  for await (const difference of diffTrees(trees, before, after)) {
    const change = changeOf(difference);
    if (change === null) continue;
    if (held === null) yield change.difference;
    else if (held.length < most) held.push(change);
    else {
      for (const one of held) yield one.difference;
      yield change.difference;
      held = null;
    }
  }
  if (held !== null) yield* withRenames(held);
}

/** One page of changes, and how many there are in all. */
export async function pageOf(
  changes: AsyncIterable<Difference>,
  { offset, limit }: Page,
): Promise<{ changes: Difference[]; next: number | null; total: number }> {
  const page: Difference[] = [];
  let total = 0;
  for await (const change of changes) {
    if (total >= offset && page.length < limit) page.push(change);
    total += 1;
  }
  const end = offset + limit;
  return { changes: page, next: end < total ? end : null, total };
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
  const moved = new Set<Located>();
  const vanished = new Vanished(moved);
  for (const change of changes) if (change.difference.change === 'removed') vanished.add(change);
  const renamed = changes.map((change): Located => {
    if (change.difference.change !== 'added' || change.content === null) return change;
    const source = vanished.nearest(change.content, change.difference.path);
    if (source === null) return change;
    moved.add(source);
    const { path, sizeBefore, modeBefore } = source.difference;
    return { ...change, difference: { ...change.difference, change: 'renamed', from: path, sizeBefore, modeBefore } };
  });
  return renamed.filter((change) => !moved.has(change)).map(({ difference }) => difference);
}

/** In order; those that were found to be moved are passed over, each once. */
interface Queue {
  changes: Located[];
  at: number;
}

/** What vanished, by content, and of each content by name: thousands of files may be alike. */
class Vanished {
  readonly #moved: ReadonlySet<Located>;
  readonly #queues = new Map<string, Queue>();

  constructor(moved: ReadonlySet<Located>) {
    this.#moved = moved;
  }

  add(change: Located): void {
    if (change.content === null) return;
    for (const key of [change.content, keyOf(change.content, change.difference.path)]) {
      const queue = this.#queues.get(key);
      if (queue === undefined) this.#queues.set(key, { changes: [change], at: 0 });
      else queue.changes.push(change);
    }
  }

  /** Of several files with this content the one of the same name, else the first; those that moved are out of the question. */
  nearest(content: string, path: string): Located | null {
    return this.#first(keyOf(content, path)) ?? this.#first(content);
  }

  #first(key: string): Located | null {
    const queue = this.#queues.get(key);
    if (queue === undefined) return null;
    while (queue.at < queue.changes.length && this.#moved.has(queue.changes[queue.at]!)) queue.at += 1;
    return queue.changes[queue.at] ?? null;
  }
}

function keyOf(content: string, path: string): string {
  return `${content}/${path.slice(path.lastIndexOf('/') + 1)}`;
}
