import fs from 'node:fs';
import { decodeJson, FrameError, type Frame } from '../frames.ts';
import { fromText, joinRaw, parentOf, splitRaw, type Raw } from '../raw.ts';
import { MAX_SKIPPED, TREE_FRAME, type StreamedEntry, type StreamTotals } from '../streams.ts';
import { checkName, parseMtimeNs } from '../tree.ts';
import { DirectoryCursor } from './beneath.ts';
import {
  close,
  DiskError,
  listNames,
  makeDirectory,
  makeSymlink,
  openAt,
  openDirectory,
  removeFile,
  rename,
  setMtime,
  setMtimeFd,
  statAt,
  type Fd,
} from './libc.ts';
import { removeTree } from './remove-tree.ts';

export interface TreeWriterOptions {
  /** Where the tree goes. */
  root: Fd;
  /** A directory on the same file system in which files grow until they are whole. */
  stage: Fd;
  /** Remove what the stream does not name. */
  delete: boolean;
}

/** What stands in the way of an entry. */
export class ObstructedError extends Error {
  override readonly name = 'ObstructedError';
  readonly path: string;

  constructor(path: string) {
    super(`${path} is a directory that holds something; it is not replaced by a file.`);
    this.path = path;
  }
}

type Attributes = { path: Raw; mode: number; mtimeNs: string };

/**
 * Writes a stream of TREE_FRAMEs below a directory. Each file appears whole or not at all;
 * links are never followed; directories get their mode and time at the end.
 * @throws FrameError for a malformed stream, ObstructedError, DiskError
 */
export class TreeWriter implements Disposable {
  readonly #options: TreeWriterOptions;
  readonly #cursor: DirectoryCursor;
  readonly #stage: Raw;
  readonly #directories: Attributes[] = [];
  /** Names the stream brought, per directory; kept only when the rest is to go. */
  readonly #kept = new Map<Raw, Set<Raw>>();
  #file: { fd: Fd; entry: StreamedEntry; path: Raw } | null = null;
  totals: StreamTotals | null = null;
  /** The entry that was placed last: what a failure is about. */
  path = '' as Raw;

  constructor(options: TreeWriterOptions) {
    this.#options = options;
    this.#cursor = new DirectoryCursor(options.root);
    this.#stage = `.rose-${process.pid}-${Math.random().toString(36).slice(2)}` as Raw;
  }

  push({ type, payload }: Frame): void {
    switch (type) {
      case TREE_FRAME.entry:
        return this.#entry(decodeJson(payload) as StreamedEntry);
      case TREE_FRAME.data:
        return this.#data(payload);
      case TREE_FRAME.fileEnd:
        return this.#fileEnd();
      case TREE_FRAME.end:
        return this.#end(decodeJson(payload) as StreamTotals);
      default:
        throw new FrameError(`A tree stream has no frame of type ${type}.`);
    }
  }

  #entry(entry: StreamedEntry): void {
    if (this.#file !== null) throw new FrameError('A tree stream begins an entry inside a file.');
    const path = checkPath(entry.path);
    this.path = path;
    if (path === '') {
      this.#directories.push({ path, mode: entry.mode, mtimeNs: entry.mtimeNs });
      this.#kept.set(path, new Set());
      return;
    }
    const { directory, name } = parentOf(path);
    this.#kept.get(directory)?.add(name);
    const parent = this.#cursor.at(directory);
    if (entry.kind === 'directory') this.#directory(parent, path, name, entry);
    else if (entry.kind === 'symlink') this.#symlink(parent, path, name, fromText(entry.target), entry.mtimeNs);
    else {
      const { O_CREAT, O_EXCL, O_WRONLY } = fs.constants;
      this.#file = { fd: openAt(this.#options.stage, this.#stage, O_CREAT | O_EXCL | O_WRONLY), entry, path };
    }
  }

  #directory(parent: Fd, path: Raw, name: Raw, { mode, mtimeNs }: StreamedEntry): void {
    const existing = statAt(parent, name);
    if (existing !== null && existing.kind !== 'directory') removeFile(parent, name);
    if (existing?.kind !== 'directory') makeDirectory(parent, name);
    else if ((existing.mode & 0o700) !== 0o700) openUp(parent, name, existing.mode);
    this.#directories.push({ path, mode, mtimeNs });
    this.#kept.set(path, new Set());
  }

  #symlink(parent: Fd, path: Raw, name: Raw, target: Raw, mtimeNs: string): void {
    const { stage } = this.#options;
    makeSymlink(target, stage, this.#stage);
    setMtime(stage, this.#stage, parseMtimeNs(mtimeNs));
    this.#moveIn(parent, path, name);
  }

  #data(payload: Buffer): void {
    if (this.#file === null) throw new FrameError('A tree stream has data outside a file.');
    for (let at = 0; at < payload.length;) at += fs.writeSync(this.#file.fd, payload, at);
  }

  #fileEnd(): void {
    if (this.#file === null) throw new FrameError('A tree stream ends a file that was not begun.');
    const { fd, entry, path } = this.#file;
    this.#file = null;
    try {
      fs.fchmodSync(fd, entry.mode & 0o7777);
      setMtimeFd(fd, parseMtimeNs(entry.mtimeNs));
    } finally {
      close(fd);
    }
    const { directory, name } = parentOf(path);
    this.#moveIn(this.#cursor.at(directory), path, name);
  }

  #moveIn(parent: Fd, path: Raw, name: Raw): void {
    const { stage } = this.#options;
    try {
      rename(stage, this.#stage, parent, name, { replace: true });
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== 'EISDIR') throw error;
      if (!this.#options.delete) throw new ObstructedError(path);
      removeTree(parent, name);
      rename(stage, this.#stage, parent, name, { replace: true });
    }
  }

  #end(totals: StreamTotals): void {
    if (this.#file !== null) throw new FrameError('A tree stream ends inside a file.');
    if (this.#options.delete) this.#removeOthers(totals.skipped);
    for (const { path, mode, mtimeNs } of this.#directories.toReversed()) {
      const fd = this.#cursor.at(path);
      if (path !== '') fs.fchmodSync(fd, mode & 0o7777);
      setMtimeFd(fd, parseMtimeNs(mtimeNs));
    }
    this.totals = totals;
  }

  /** What the sender has but could not read stays. */
  #removeOthers(skipped: StreamTotals['skipped']): void {
    // The list may have been cut: then nobody knows what else the sender has.
    if (skipped.length >= MAX_SKIPPED) return;
    for (const { path } of skipped) {
      const { directory, name } = parentOf(checkPath(path));
      this.#kept.get(directory)?.add(name);
    }
    for (const [path, kept] of this.#kept) {
      const directory = this.#cursor.at(path);
      for (const name of listNames(directory)) if (!kept.has(name)) removeTree(directory, name);
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== null) close(this.#file.fd);
    this.#file = null;
    this.#cursor[Symbol.dispose]();
    removeTree(this.#options.stage, this.#stage);
  }
}

/** Lets the writer into a directory that its owner closed; its mode comes back at the end. */
function openUp(parent: Fd, name: Raw, mode: number): void {
  const fd = openDirectory(parent, name);
  try {
    fs.fchmodSync(fd, mode | 0o700);
  } finally {
    close(fd);
  }
}

function checkPath(text: string): Raw {
  let path = '' as Raw;
  for (const name of splitRaw(fromText(text))) path = joinRaw(path, checkName(name));
  return path;
}
