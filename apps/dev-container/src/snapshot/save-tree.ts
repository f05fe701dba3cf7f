import {
  compress,
  cutTree,
  encodeList,
  encodeTree,
  idOf,
  joinRaw,
  MAX_INLINE_CHUNKS,
  MAX_STORED_BYTES,
  mtimeNs,
  SAVE_FRAME,
  toText,
  type Chunk,
  type Content,
  type ObjectId,
  type Raw,
  type SaveSummary,
} from '@rose/snapshot';
import {
  close,
  DiskError,
  isGone,
  listNames,
  openDirectory,
  readSymlink,
  statAt,
  statFd,
  type Fd,
  type Stat,
} from '@rose/snapshot/disk';
import { MovedFiles } from './moved-files.ts';
import { readFile, type SaveSink } from './read-file.ts';
import {
  isRacyAt,
  isUnchanged,
  type CachedDirectory,
  type CachedEntry,
  type CachedFile,
  type CachedLeaf,
  type CachedSymlink,
  type StatCache,
} from './stat-cache.ts';

export interface SaveOptions {
  /** The workspace directory. */
  root: Fd;
  cache: StatCache;
  /** Objects of this root tree need not be sent; null for none. */
  base: ObjectId | null;
  /** Read every file, whatever the cache says. */
  full: boolean;
  /** Send trees and lists only. */
  scan: boolean;
  sink: SaveSink;
  /** Modes that stand in place of those on the disk, by path. */
  modes?: ReadonlyMap<Raw, number>;
}

const MAX_REPORTED = 1000;
/** Often enough for a progress bar, and for a reader who waits for a sign of life. */
const PROGRESS_MS = 200;
/** For compressed bytes on their way to the sink. */
const scratch = Buffer.allocUnsafeSlow(MAX_STORED_BYTES);

/**
 * Walks the workspace and sends the objects that `base` does not hold, children before
 * parents, the root tree last. Runs without a pause: call it in a worker.
 * @throws DiskError when the workspace itself cannot be read, and whatever the sink throws.
 */
export function saveTree(options: SaveOptions): SaveSummary {
  return new TreeSaver(options).save();
}

class TreeSaver {
  readonly #options: SaveOptions;
  readonly #epoch: number;
  readonly #moved: MovedFiles;
  /** Objects sent in this stream, by what they were sent as: a file may hold the very bytes of a tree. */
  readonly #sent = { chunks: new Set<ObjectId>(), lists: new Set<ObjectId>(), trees: new Set<ObjectId>() };
  readonly #changed: string[] = [];
  readonly #skipped: { path: string; reason: string }[] = [];
  readonly #mismatched: string[] = [];
  #files = 0;
  #bytes = 0;
  #reportedAtMs = 0;

  constructor(options: SaveOptions) {
    this.#options = options;
    this.#epoch = options.cache.begin(options.base);
    this.#moved = new MovedFiles(options.cache);
  }

  save(): SaveSummary {
    const { root, cache, sink } = this.#options;
    const stat = statFd(root);
    const tree = this.#directory(root, '' as Raw, '' as Raw, stat, cache.root);
    cache.commit(tree, this.#epoch);
    sink.progress(this.#files, this.#bytes);
    return {
      root: tree.tree,
      rootMtimeNs: mtimeNs(stat),
      changed: this.#changed,
      skipped: this.#skipped,
      mismatched: this.#mismatched,
    };
  }

  #directory(fd: Fd, path: Raw, name: Raw, stat: Stat, cached: CachedDirectory | null): CachedDirectory {
    const before = cached?.entries ?? [];
    const entries: CachedEntry[] = [];
    let isSame = cached !== null;
    let next = 0;
    for (const child of listNames(fd).toSorted()) {
      while (next < before.length && before[next]!.name < child) next += 1;
      const old = before[next]?.name === child ? before[next]! : null;
      const entry = this.#withMode(path, this.#entry(fd, path, child, cached === null ? null : { old }));
      if (entry === null) continue;
      if (entry !== before[entries.length]) isSame = false;
      entries.push(entry);
    }
    if (entries.length !== before.length) isSame = false;
    const attributes = {
      name,
      mode: stat.mode,
      mtimeSeconds: stat.mtimeSeconds,
      mtimeNanoseconds: stat.mtimeNanoseconds,
    };
    if (isSame && cached !== null && this.#options.cache.isStored(cached))
      return hasAttributes(cached, stat) ? cached : { ...cached, ...attributes };
    const tree = this.#sendTree(entries, cached);
    const epoch = cached?.tree === tree ? cached.epoch : this.#epoch;
    return { ...attributes, kind: 'directory', epoch, tree, entries };
  }

  #withMode(directory: Raw, entry: CachedEntry | null): CachedEntry | null {
    const { modes } = this.#options;
    if (modes === undefined || entry === null) return entry;
    const mode = modes.get(joinRaw(directory, entry.name));
    return mode === undefined ? entry : { ...entry, mode };
  }

  /**
   * null for what a version cannot hold.
   * @param known what the last walk saw there; null in a directory that it did not see
   */
  #entry(parent: Fd, directory: Raw, name: Raw, known: { old: CachedEntry | null } | null): CachedEntry | null {
    try {
      const stat = statAt(parent, name);
      if (stat === null) return null;
      const old = known === null && stat.kind === 'file' ? this.#movedTo(name, stat) : (known?.old ?? null);
      if (stat.kind === 'other') return this.#skip(directory, name, 'not a file, directory or link');
      if (stat.kind === 'directory')
        return this.#subdirectory(parent, directory, name, stat, old?.kind === 'directory' ? old : null);
      const leaf = old !== null && old.kind !== 'directory' && old.kind === stat.kind ? old : null;
      if (stat.kind === 'symlink') return this.#symlink(parent, name, stat, leaf);
      return this.#file(parent, directory, name, stat, leaf?.kind === 'file' ? leaf : null);
    } catch (error) {
      if (isGone(error)) return null;
      if (error instanceof DiskError) return this.#skip(directory, name, `unreadable: ${error.code}`);
      throw error;
    }
  }

  #movedTo(name: Raw, stat: Stat): CachedFile | null {
    const known = this.#moved.find(stat);
    return known === null ? null : { ...known, name };
  }

  #subdirectory(parent: Fd, directory: Raw, name: Raw, stat: Stat, old: CachedDirectory | null): CachedDirectory {
    const fd = openDirectory(parent, name);
    try {
      return this.#directory(fd, joinRaw(directory, name), name, stat, old);
    } finally {
      close(fd);
    }
  }

  #symlink(parent: Fd, name: Raw, stat: Stat, old: CachedLeaf | null): CachedSymlink {
    if (old?.kind === 'symlink' && isUnchanged(old, stat) && !this.#options.full) return old;
    const readAtMs = Date.now();
    return {
      ...leafOf(name, stat),
      kind: 'symlink',
      epoch: this.#epoch,
      target: readSymlink(parent, name),
      isRacy: isRacyAt(stat, readAtMs),
    };
  }

  #file(parent: Fd, directory: Raw, name: Raw, stat: Stat, old: CachedFile | null): CachedFile | null {
    const { cache, full, scan } = this.#options;
    this.#files += 1;
    this.#bytes += stat.size;
    this.#report();
    const isTrusted = old !== null && isUnchanged(old, stat);
    if (isTrusted && !full && cache.isStored(old)) return old;
    if (isTrusted && !full && scan) {
      this.#content(old.chunks);
      return old;
    }

    const known = old !== null && cache.isStored(old) ? new Set(old.chunks.map((chunk) => chunk.id)) : null;
    const read = readFile(parent, name, (id, plain) => {
      if (!scan && !known?.has(id)) this.#sendChunk(id, plain);
      this.#report();
    });
    if (read === null) return this.#skip(directory, name, 'changed into something else while it was read');
    if (read.hasChanged) report(this.#changed, toText(joinRaw(directory, name)));
    const isSameContent = old !== null && sameChunks(old.chunks, read.chunks);
    if (isTrusted && !isSameContent) report(this.#mismatched, toText(joinRaw(directory, name)));
    const content = isSameContent && known !== null ? old.content : this.#content(read.chunks);
    const isRacy = read.hasChanged || isRacyAt(read.stat, read.readAtMs);
    const epoch = isSameContent ? old.epoch : this.#epoch;
    return { ...leafOf(name, read.stat), kind: 'file', epoch, size: read.size, content, chunks: read.chunks, isRacy };
  }

  #report(): void {
    const now = Date.now();
    if (now - this.#reportedAtMs < PROGRESS_MS) return;
    this.#reportedAtMs = now;
    this.#options.sink.progress(this.#files, this.#bytes);
  }

  #sendChunk(id: ObjectId, plain: Buffer): void {
    if (this.#sent.chunks.has(id)) return;
    this.#sent.chunks.add(id);
    this.#options.sink.object(SAVE_FRAME.chunk, id, plain.length, compress(plain, scratch));
  }

  /** What a tree entry says of these chunks; a long list becomes an object first. */
  #content(chunks: readonly Chunk[]): Content {
    if (chunks.length <= MAX_INLINE_CHUNKS) return { chunks };
    const encoding = encodeList(chunks);
    const list = idOf(encoding);
    if (!this.#sent.lists.has(list)) {
      this.#sent.lists.add(list);
      this.#options.sink.object(SAVE_FRAME.list, list, encoding.length, compress(encoding, scratch));
    }
    return { list };
  }

  #sendTree(entries: readonly CachedEntry[], cached: CachedDirectory | null): ObjectId {
    const { cache, sink } = this.#options;
    const encoding = encodeTree(entries);
    const cutUp = cutTree(encoding);
    const id = cutUp?.id ?? idOf(encoding);
    if ((cached?.tree === id && cache.isStored(cached)) || this.#sent.trees.has(id)) return id;
    this.#sent.trees.add(id);
    for (const chunk of cutUp?.chunks ?? []) this.#sendChunk(chunk.id, chunk.plain);
    const [frame, plain] =
      cutUp === null ? ([SAVE_FRAME.tree, encoding] as const) : ([SAVE_FRAME.treeList, cutUp.list] as const);
    sink.object(frame, id, plain.length, compress(plain, scratch));
    return id;
  }

  #skip(directory: Raw, name: Raw, reason: string): null {
    if (this.#skipped.length < MAX_REPORTED) this.#skipped.push({ path: toText(joinRaw(directory, name)), reason });
    return null;
  }
}

function report(list: string[], path: string): void {
  if (list.length < MAX_REPORTED) list.push(path);
}

function leafOf(name: Raw, stat: Stat) {
  const { mode, inode, mtimeSeconds, mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds } = stat;
  return { name, mode, inode, mtimeSeconds, mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds };
}

function hasAttributes(entry: CachedDirectory, stat: Stat): boolean {
  return (
    entry.mode === stat.mode &&
    entry.mtimeSeconds === stat.mtimeSeconds &&
    entry.mtimeNanoseconds === stat.mtimeNanoseconds
  );
}

function sameChunks(a: readonly Chunk[], b: readonly Chunk[]): boolean {
  return a.length === b.length && a.every((chunk, index) => chunk.id === b[index]!.id);
}
