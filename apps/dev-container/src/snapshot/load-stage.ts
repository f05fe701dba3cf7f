import fs from 'node:fs';
import { RoseError } from '@rose/contract';
import {
  decodeJson,
  fromText,
  idOf,
  LOAD_FRAME,
  MAX_OBJECT_BYTES,
  ObjectError,
  openObject,
  OBJECT_ID_BYTES,
  parentOf,
  parseMtimeNs,
  parseObjectId,
  type Frame,
  type LoadBegin,
  type LoadOperation,
  type ObjectId,
  type Raw,
  type ReuseChunk,
} from '@rose/snapshot';
import { close, isGone, makeSymlink, openAt, openBeneath, setMtime, setMtimeFd, type Fd } from '@rose/snapshot/disk';
import { findEntry } from './cache-edit.ts';
import { LoadFolder, type Expected, type PlannedOperation } from './load-journal.ts';
import type { CachedEntry, StatCache } from './stat-cache.ts';

/** Space that a load leaves free beside what it writes. */
const SPARE_BYTES = 16 * 1024 * 1024;

/**
 * Takes the frames of a load and stages what they bring, beside the workspace on the same file
 * system. Nothing of the workspace is touched; disposing it throws away what it staged, unless that was released.
 * @throws RoseError CONFLICT when the workspace was scanned again since the plan, NO_SPACE,
 *   DAMAGED when a chunk does not match its hash.
 */
export class LoadStage implements Disposable {
  readonly #root: Fd;
  readonly #home: Fd;
  readonly #cache: StatCache;
  readonly operations: PlannedOperation[] = [];
  #folder: LoadFolder | null = null;
  #begin: LoadBegin | null = null;
  #file: { fd: Fd; planned: PlannedOperation; size: number; source: Fd | null } | null = null;
  #isWhole = false;
  readonly #scratch = Buffer.allocUnsafeSlow(MAX_OBJECT_BYTES);

  constructor(root: Fd, home: Fd, cache: StatCache) {
    this.#root = root;
    this.#home = home;
    this.#cache = cache;
  }

  get begin(): LoadBegin {
    if (this.#begin === null)
      throw new RoseError('INVALID_INPUT', 'A load must begin with its begin frame.', { issues: [] });
    return this.#begin;
  }
  get folder(): LoadFolder {
    if (this.#folder === null)
      throw new RoseError('INVALID_INPUT', 'A load must begin with its begin frame.', { issues: [] });
    return this.#folder;
  }
  get isWhole(): boolean {
    return this.#isWhole;
  }

  push({ type, payload }: Frame): void {
    switch (type) {
      case LOAD_FRAME.begin:
        return this.#start(decodeJson(payload) as LoadBegin);
      case LOAD_FRAME.operation:
        return this.#operation(decodeJson(payload) as LoadOperation);
      case LOAD_FRAME.chunk:
        return this.#chunk(payload);
      case LOAD_FRAME.reuse:
        return this.#reuse(decodeJson(payload) as ReuseChunk);
      case LOAD_FRAME.end:
        return this.#end();
      default:
        throw new RoseError('INVALID_INPUT', `A load has no frame of type ${type}.`, { issues: [] });
    }
  }

  #start(begin: LoadBegin): void {
    if (this.#cache.root?.tree !== begin.base)
      throw new RoseError('CONFLICT', 'The workspace was scanned again since this load was planned. Try again.');
    const { bavail, bsize } = fs.statfsSync(`/proc/self/fd/${this.#root}`);
    const available = bavail * bsize;
    if (begin.bytes + SPARE_BYTES > available) {
      throw new RoseError(
        'NO_SPACE',
        `The load needs ${begin.bytes} bytes and the workspace's disk has ${available} left. Nothing was touched; free some space and load again.`,
        { needed: begin.bytes, available },
      );
    }
    this.#begin = begin;
    this.#folder = LoadFolder.begin(this.#home, begin);
  }

  #operation(operation: LoadOperation): void {
    this.#closeFile();
    const expected = this.#isReplacement(operation)
      ? null
      : expectedOf(findEntry(this.#cache.root, fromText(operation.path)));
    const planned: PlannedOperation = { operation, expected, chunks: [] };
    const staged = String(this.operations.length) as Raw;
    this.operations.push(planned);
    if (operation.op !== 'write') return this.folder.plan(planned);
    if (operation.kind === 'symlink') {
      makeSymlink(fromText(operation.target), this.folder.stage, staged);
      setMtime(this.folder.stage, staged, parseMtimeNs(operation.mtimeNs));
      return this.folder.plan(planned);
    }
    const { O_CREAT, O_EXCL, O_WRONLY } = fs.constants;
    this.#file = { fd: openAt(this.folder.stage, staged, O_CREAT | O_EXCL | O_WRONLY), planned, size: 0, source: null };
  }

  /** Whether the operation before takes away what the scan saw here: something of another kind comes in its place. */
  #isReplacement({ path }: LoadOperation): boolean {
    const before = this.operations.at(-1)?.operation;
    return before?.op === 'remove' && before.path === path;
  }

  #chunk(payload: Buffer): void {
    const id = parseObjectId(payload.toString('hex', 0, OBJECT_ID_BYTES));
    const size = payload.readUInt32LE(OBJECT_ID_BYTES);
    try {
      this.#append(id, openObject(id, payload.subarray(OBJECT_ID_BYTES + 4), size, this.#scratch));
    } catch (error) {
      if (error instanceof ObjectError) throw this.#damaged(error.message);
      throw error;
    }
  }

  #reuse({ id, size, offset }: ReuseChunk): void {
    const file = this.#requireFile();
    const { path } = file.planned.operation;
    const bytes = Buffer.allocUnsafe(size);
    try {
      file.source ??= this.#openLive(path);
      if (fs.readSync(file.source, bytes, 0, size, offset) !== size) throw changed(path);
    } catch (error) {
      throw isGone(error) ? changed(path) : error;
    }
    requireSame(parseObjectId(id), bytes, path);
    this.#append(parseObjectId(id), bytes);
  }

  #append(id: ObjectId, bytes: Buffer): void {
    const file = this.#requireFile();
    for (let at = 0; at < bytes.length;) at += fs.writeSync(file.fd, bytes, at);
    file.size += bytes.length;
    file.planned.chunks.push({ id, size: bytes.length });
  }

  #requireFile() {
    if (this.#file === null) throw new RoseError('INVALID_INPUT', 'A chunk came without a file.', { issues: [] });
    return this.#file;
  }

  #openLive(path: string): Fd {
    const { directory, name } = parentOf(fromText(path));
    const parent = openBeneath(this.#root, directory);
    try {
      return openAt(parent, name, fs.constants.O_RDONLY);
    } finally {
      close(parent);
    }
  }

  #closeFile(): void {
    const file = this.#file;
    if (file === null) return;
    this.#file = null;
    try {
      const { operation } = file.planned;
      if (operation.op !== 'write' || operation.kind !== 'file') return;
      if (operation.size !== file.size)
        throw new RoseError('DAMAGED', `${operation.path} came with ${file.size} of its ${operation.size} bytes.`, {
          path: operation.path,
        });
      fs.fchmodSync(file.fd, operation.mode);
      setMtimeFd(file.fd, parseMtimeNs(operation.mtimeNs));
      this.folder.plan(file.planned);
    } finally {
      close(file.fd);
      if (file.source !== null) close(file.source);
    }
  }

  #damaged(why: string): RoseError<'DAMAGED'> {
    const path = this.#file?.planned.operation.path;
    return new RoseError(
      'DAMAGED',
      `${path ?? 'An object'} cannot be loaded: ${why} Nothing was touched.`,
      path === undefined ? {} : { path },
    );
  }

  #end(): void {
    this.#closeFile();
    this.#isWhole = true;
  }

  /** Hands the folder over: disposing the stage then leaves it as it is. */
  release(): LoadFolder {
    const { folder } = this;
    this.#folder = null;
    return folder;
  }

  [Symbol.dispose](): void {
    if (this.#file !== null) {
      close(this.#file.fd);
      if (this.#file.source !== null) close(this.#file.source);
    }
    this.#file = null;
    if (this.#folder === null) return;
    this.#folder[Symbol.dispose]();
    LoadFolder.discardAt(this.#home);
  }
}

function requireSame(id: ObjectId, bytes: Buffer, path: string): void {
  if (idOf(bytes) !== id) throw changed(path);
}

function changed(path: string): RoseError {
  return new RoseError('CONFLICT', `${path} changed while the load was prepared. Nothing was touched; load again.`);
}

/** Directories are never replaced, so nobody asks. */
const NO_STAMPS = { inode: 0, size: 0, ctimeSeconds: 0, ctimeNanoseconds: 0, chunks: null };

function expectedOf(entry: CachedEntry | null): Expected | null {
  if (entry === null) return null;
  const { mode, mtimeSeconds, mtimeNanoseconds } = entry;
  if (entry.kind === 'directory') return { ...NO_STAMPS, kind: 'directory', mode, mtimeSeconds, mtimeNanoseconds };
  const size = entry.kind === 'file' ? entry.size : entry.target.length;
  const chunks = entry.kind === 'file' && entry.isRacy ? [...entry.chunks] : null;
  const { kind, inode, ctimeSeconds, ctimeNanoseconds } = entry;
  return { kind, inode, size, mode, mtimeSeconds, mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds, chunks };
}
