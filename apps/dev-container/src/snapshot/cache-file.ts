import fs from 'node:fs';
import { idOf, parseObjectId, type Chunk, type Content, type Raw } from '@rose/snapshot';
import { StatCache, type CachedDirectory, type CachedEntry } from './stat-cache.ts';

/**
 * The stat cache on disk, so that a restarted agent need not read every file again. Losing it,
 * or finding one that was damaged or cut, only makes the next save slower: its first line is the
 * hash of the rest. Whoever forges both falsifies his own next version, which `save --full` repairs.
 */

const FORMAT = 2;

type Leaf = [
  name: string,
  kind: 'f' | 's',
  mode: number,
  mtime: [number, number],
  ctime: [number, number],
  inode: number,
  epoch: number,
  racy: 0 | 1,
  rest: FileRest | string,
];
type FileRest = [size: number, list: string | null, chunks: [id: string, size: number][]];
type Directory = [
  name: string,
  kind: 'd',
  mode: number,
  mtime: [number, number],
  epoch: number,
  tree: string,
  entries: (Leaf | Directory)[],
];

interface CacheFile {
  format: number;
  epoch: number;
  storedRoot: string | null;
  storedThrough: number;
  root: Directory;
}

export function writeCache(path: string, cache: StatCache): void {
  if (cache.root === null) return;
  const { epoch, storedRoot, storedThrough } = cache;
  const file: CacheFile = { format: FORMAT, epoch, storedRoot, storedThrough, root: packDirectory(cache.root) };
  const temporary = `${path}.new`;
  const json = Buffer.from(JSON.stringify(file), 'utf8');
  fs.writeFileSync(temporary, Buffer.concat([Buffer.from(`${idOf(json)}\n`), json]), { mode: 0o600 });
  fs.renameSync(temporary, path);
}

/** An empty cache when there is none that can be used. */
export function readCache(path: string): StatCache {
  const cache = new StatCache();
  try {
    const bytes = fs.readFileSync(path);
    const start = bytes.indexOf('\n') + 1;
    const json = bytes.subarray(start);
    if (bytes.toString('latin1', 0, start - 1) !== idOf(json)) return cache;
    const file = JSON.parse(json.toString('utf8')) as CacheFile;
    if (file.format !== FORMAT) return cache;
    const root = unpackDirectory(file.root);
    cache.storedRoot = file.storedRoot === null ? null : parseObjectId(file.storedRoot);
    cache.storedThrough = number(file.storedThrough);
    cache.commit(root, number(file.epoch));
  } catch {
    return new StatCache();
  }
  return cache;
}

function packDirectory(directory: CachedDirectory): Directory {
  const { name, mode, epoch, tree } = directory;
  return [
    name,
    'd',
    mode,
    [directory.mtimeSeconds, directory.mtimeNanoseconds],
    epoch,
    tree,
    directory.entries.map(pack),
  ];
}

function pack(entry: CachedEntry): Leaf | Directory {
  if (entry.kind === 'directory') return packDirectory(entry);
  const rest: FileRest | string =
    entry.kind === 'symlink'
      ? entry.target
      : [
          entry.size,
          'list' in entry.content ? entry.content.list : null,
          entry.chunks.map(({ id, size }) => [id, size]),
        ];
  return [
    entry.name,
    entry.kind === 'file' ? 'f' : 's',
    entry.mode,
    [entry.mtimeSeconds, entry.mtimeNanoseconds],
    [entry.ctimeSeconds, entry.ctimeNanoseconds],
    entry.inode,
    entry.epoch,
    entry.isRacy ? 1 : 0,
    rest,
  ];
}

function unpackDirectory([name, , mode, mtime, epoch, tree, entries]: Directory): CachedDirectory {
  return {
    kind: 'directory',
    ...base(name, mode, mtime, epoch),
    tree: parseObjectId(tree),
    entries: entries.map(unpack),
  };
}

function unpack(packed: Leaf | Directory): CachedEntry {
  if (packed[1] === 'd') return unpackDirectory(packed);
  const [name, kind, mode, mtime, ctime, inode, epoch, racy, rest] = packed;
  const leaf = {
    ...base(name, mode, mtime, epoch),
    ctimeSeconds: number(ctime[0]),
    ctimeNanoseconds: number(ctime[1]),
    inode: number(inode),
    isRacy: racy === 1,
  };
  if (kind === 's') return { ...leaf, kind: 'symlink', target: text(rest as string) };
  const [size, list, items] = rest as FileRest;
  const chunks = items.map(([id, chunkSize]): Chunk => ({ id: parseObjectId(id), size: number(chunkSize) }));
  const content: Content = list === null ? { chunks } : { list: parseObjectId(list) };
  return { ...leaf, kind: 'file', size: number(size), content, chunks };
}

function base(name: string, mode: number, mtime: [number, number], epoch: number) {
  return {
    name: text(name),
    mode: number(mode),
    mtimeSeconds: number(mtime[0]),
    mtimeNanoseconds: number(mtime[1]),
    epoch: number(epoch),
  };
}

function number(value: number): number {
  if (!Number.isSafeInteger(value)) throw new TypeError('The stat cache is malformed.');
  return value;
}

function text(value: string): Raw {
  if (typeof value !== 'string') throw new TypeError('The stat cache is malformed.');
  return value as Raw;
}
