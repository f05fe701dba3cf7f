import {
  encodeTree,
  fromText,
  parentOf,
  parseMtimeNs,
  parseObjectId,
  splitRaw,
  treeIdOf,
  type Content,
  type ObjectId,
  type Raw,
} from '@rose/snapshot';
import { DirectoryCursor, statAt, statFd, type Fd, type Stat } from '@rose/snapshot/disk';
import type { PlannedOperation } from './load-journal.ts';
import type { CachedDirectory, CachedEntry, StatCache } from './stat-cache.ts';

/** The cached entry at a path, null when the last walk saw none. */
export function findEntry(root: CachedDirectory | null, path: Raw): CachedEntry | null {
  let at: CachedEntry | null = root;
  for (const name of splitRaw(path)) {
    if (at?.kind !== 'directory') return null;
    at = child(at, name);
  }
  return at;
}

function child(directory: CachedDirectory, name: Raw): CachedEntry | null {
  let low = 0;
  let high = directory.entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (directory.entries[middle]!.name < name) low = middle + 1;
    else high = middle;
  }
  const found = directory.entries[low];
  return found?.name === name ? found : null;
}

/** Changes below one directory: an entry to put, null to drop, or changes further down. */
interface Edits {
  entry: CachedEntry | null | undefined;
  children: Map<Raw, Edits>;
}

/**
 * Brings the cache up to what a load left behind, so that the next save reads nothing again.
 * Paths in conflict are forgotten: the next walk looks at them.
 */
export function recordLoad(
  cache: StatCache,
  root: Fd,
  operations: readonly PlannedOperation[],
  conflicts: ReadonlySet<number>,
  base: ObjectId,
): void {
  if (cache.root === null) return;
  const epoch = cache.epoch + 1;
  const edits: Edits = { entry: undefined, children: new Map() };
  using cursor = new DirectoryCursor(root);
  for (const [index, planned] of operations.entries()) {
    const path = fromText(planned.operation.path);
    const entry = conflicts.has(index) ? null : entryAfter(cursor, path, planned, findEntry(cache.root, path), epoch);
    if (entry !== undefined) putEdit(edits, path, entry);
  }
  const rebuilt = rebuild(cache.root, edits, epoch);
  cache.storedRoot = base;
  cache.storedThrough = cache.epoch;
  cache.commit({ ...rebuilt, ...attributesOf(statFd(root)) }, epoch);
}

/** undefined: the cached entry stays as it is. */
function entryAfter(
  cursor: DirectoryCursor,
  path: Raw,
  { operation, chunks }: PlannedOperation,
  before: CachedEntry | null,
  epoch: number,
): CachedEntry | null | undefined {
  const { directory, name } = parentOf(path);
  if (name === '') return undefined;
  if (operation.op === 'remove') return null;
  const stat = statOrNull(cursor, directory, name);
  if (stat === null || stat.kind === 'other') return null;
  const { inode, ctimeSeconds, ctimeNanoseconds } = stat;
  const base = { name, epoch, ...attributesOf(stat) };
  if (operation.op === 'directory' || stat.kind === 'directory')
    return { ...base, kind: 'directory', tree: EMPTY_TREE, entries: [] };
  const identity = { inode, ctimeSeconds, ctimeNanoseconds };
  // Setting its time hid whether somebody wrote to it in the moment before: look again.
  if (operation.op === 'attributes')
    return before !== null && before.kind !== 'directory' && before.kind === stat.kind
      ? { ...before, ...base, ...identity, epoch: before.epoch, isRacy: true }
      : null;
  if (operation.kind === 'symlink')
    return { ...base, ...identity, kind: 'symlink', target: fromText(operation.target), isRacy: false };
  // A write after the load gives a new mtime, unless the loaded one is as young: then look again.
  const isRacy =
    stat.mtimeSeconds * 1000 >= Date.now() - 2000 || stat.size !== operation.size || !sameTime(stat, operation.mtimeNs);
  return {
    ...base,
    ...identity,
    kind: 'file',
    size: operation.size,
    content: contentOfWire(operation.content),
    chunks,
    isRacy,
  };
}

const EMPTY_TREE = treeIdOf(encodeTree([]));

function sameTime(stat: Stat, mtimeNs: string): boolean {
  const { mtimeSeconds, mtimeNanoseconds } = parseMtimeNs(mtimeNs);
  return stat.mtimeSeconds === mtimeSeconds && stat.mtimeNanoseconds === mtimeNanoseconds;
}

function contentOfWire(content: { chunks: { id: string; size: number }[] } | { list: string }): Content {
  if ('list' in content) return { list: parseObjectId(content.list) };
  return { chunks: content.chunks.map(({ id, size }) => ({ id: parseObjectId(id), size })) };
}

function statOrNull(cursor: DirectoryCursor, directory: Raw, name: Raw): Stat | null {
  try {
    return statAt(cursor.at(directory), name);
  } catch {
    return null;
  }
}

function attributesOf(stat: Stat): { mode: number; mtimeSeconds: number; mtimeNanoseconds: number } {
  return { mode: stat.mode, mtimeSeconds: stat.mtimeSeconds, mtimeNanoseconds: stat.mtimeNanoseconds };
}

function putEdit(edits: Edits, path: Raw, entry: CachedEntry | null): void {
  let at = edits;
  for (const name of splitRaw(path)) {
    let next = at.children.get(name);
    if (next === undefined) at.children.set(name, (next = { entry: undefined, children: new Map() }));
    at = next;
  }
  at.entry = entry;
}

function rebuild(directory: CachedDirectory, edits: Edits, epoch: number): CachedDirectory {
  const entries = new Map<Raw, CachedEntry>(directory.entries.map((entry) => [entry.name, entry]));
  for (const [name, edit] of edits.children) {
    const entry = edited(entries.get(name) ?? null, edit, epoch);
    if (entry === null) entries.delete(name);
    else entries.set(name, entry);
  }
  const sorted = [...entries.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { ...directory, entries: sorted, tree: treeIdOf(encodeTree(sorted)), epoch };
}

function edited(before: CachedEntry | null, edit: Edits, epoch: number): CachedEntry | null {
  if (edit.entry === null) return null;
  if (edit.entry !== undefined && edit.entry.kind !== 'directory') return edit.entry;
  const known = before?.kind === 'directory' ? before : null;
  if (edit.entry === undefined && known === null) return null;
  const attributes = edit.entry ?? known!;
  const directory: CachedDirectory = {
    ...(known ?? attributes),
    mode: attributes.mode,
    mtimeSeconds: attributes.mtimeSeconds,
    mtimeNanoseconds: attributes.mtimeNanoseconds,
  };
  return edit.children.size === 0 && known !== null ? directory : rebuild(directory, edit, epoch);
}
