import { checkChunkSize, totalSize, type Chunk, type Content } from './content.ts';
import { MAX_INLINE_CHUNKS, MAX_LINK_BYTES, MAX_NAME_BYTES } from './limits.ts';
import { OBJECT_ID_BYTES, ObjectError, type ObjectId } from './objects.ts';
import type { Raw } from './raw.ts';

/** The encoding of a directory: docs/store.md §3. */

interface EntryBase {
  name: Raw;
  /** 12 permission bits. */
  mode: number;
  /** Whole seconds since 1970, may be negative. */
  mtimeSeconds: number;
  /** 0 … 999,999,999. */
  mtimeNanoseconds: number;
}
export interface FileEntry extends EntryBase {
  kind: 'file';
  size: number;
  content: Content;
}
export interface DirectoryTreeEntry extends EntryBase {
  kind: 'directory';
  tree: ObjectId;
}
export interface SymlinkEntry extends EntryBase {
  kind: 'symlink';
  target: Raw;
}
export type TreeEntry = FileEntry | DirectoryTreeEntry | SymlinkEntry;

export const TREE_MAGIC = Buffer.from('RST1', 'latin1');
const KIND = { file: 1, directory: 2, symlink: 3 } as const;
const HEAD_BYTES = 1 + 2 + 8 + 4 + 1;
const LIST_MARK = 255;
const MAX_ENTRY_BYTES =
  HEAD_BYTES + MAX_NAME_BYTES + 9 + Math.max(MAX_INLINE_CHUNKS * (OBJECT_ID_BYTES + 4), MAX_LINK_BYTES);

/** Encodes a directory. The entries must be sorted by name; the caller guarantees the other rules. */
export function encodeTree(entries: readonly TreeEntry[]): Buffer {
  let out = Buffer.allocUnsafe(Math.max(1024, entries.length * 96));
  let at = TREE_MAGIC.copy(out);
  for (const entry of entries) {
    if (out.length - at < MAX_ENTRY_BYTES) out = Buffer.concat([out.subarray(0, at)], out.length * 2 + MAX_ENTRY_BYTES);
    at = writeEntry(out, at, entry);
  }
  return out.subarray(0, at);
}

function writeEntry(out: Buffer, start: number, entry: TreeEntry): number {
  let at = start;
  out[at] = KIND[entry.kind];
  out.writeUInt16LE(entry.mode, at + 1);
  writeSeconds(out, at + 3, entry.mtimeSeconds);
  out.writeUInt32LE(entry.mtimeNanoseconds, at + 11);
  out[at + 15] = entry.name.length;
  at += HEAD_BYTES;
  at += out.write(entry.name, at, 'latin1');
  if (entry.kind === 'directory') return at + out.write(entry.tree, at, 'hex');
  if (entry.kind === 'symlink') {
    out.writeUInt16LE(entry.target.length, at);
    return at + 2 + out.write(entry.target, at + 2, 'latin1');
  }
  out.writeUInt32LE(entry.size % 2 ** 32, at);
  out.writeUInt32LE(Math.floor(entry.size / 2 ** 32), at + 4);
  return writeContent(out, at + 8, entry.content);
}

function writeContent(out: Buffer, start: number, content: Content): number {
  let at = start;
  if ('list' in content) {
    out[at] = LIST_MARK;
    return at + 1 + out.write(content.list, at + 1, 'hex');
  }
  const { chunks } = content;
  out[at++] = chunks.length;
  for (const chunk of chunks) {
    at += out.write(chunk.id, at, 'hex');
    if (chunks.length > 1) at = out.writeUInt32LE(chunk.size, at);
  }
  return at;
}

export function isTree(plain: Uint8Array): boolean {
  return plain.length >= 4 && TREE_MAGIC.equals(plain.subarray(0, 4));
}

/**
 * Decodes a directory and checks every rule of the format: names, order, modes, times, sizes.
 * @throws ObjectError naming the rule that is broken.
 */
export function decodeTree(plain: Buffer): TreeEntry[] {
  return [...readTree(plain)];
}

/**
 * The entries of a directory one by one, checked as they are read: decoded, an entry takes about 500 bytes, eight times
 * its encoding.
 * @param after leave out the names up to this one, which costs little
 * @throws ObjectError naming the rule that is broken, when it comes to it
 */
export function* readTree(plain: Buffer, after: Raw = '' as Raw): Generator<TreeEntry, void> {
  if (!isTree(plain)) throw new ObjectError('A tree does not begin as one.');
  const reader = new Reader(plain, TREE_MAGIC.length);
  let previous = '' as Raw;
  while (!reader.atEnd) {
    const name = after === '' ? null : peekName(reader);
    if (name !== null && name <= after) {
      skipEntry(reader);
      continue;
    }
    const entry = readEntry(reader);
    if (entry.name <= previous)
      throw new ObjectError(`Tree names are not strictly sorted at ${JSON.stringify(entry.name)}.`);
    previous = entry.name;
    yield entry;
  }
}

function peekName(reader: Reader): Raw {
  return reader.peek(() => {
    reader.skip(HEAD_BYTES - 1);
    return reader.raw(reader.uint8());
  });
}

function skipEntry(reader: Reader): void {
  const kind = reader.uint8();
  reader.skip(HEAD_BYTES - 2);
  reader.skip(reader.uint8());
  if (kind === KIND.directory) return reader.skip(OBJECT_ID_BYTES);
  if (kind === KIND.symlink) return reader.skip(reader.uint16());
  reader.skip(8);
  const count = reader.uint8();
  if (count === LIST_MARK || count === 1) return reader.skip(OBJECT_ID_BYTES);
  reader.skip(count * (OBJECT_ID_BYTES + 4));
}

function readEntry(reader: Reader): TreeEntry {
  const kind = reader.uint8();
  const mode = reader.uint16();
  if (mode > 0o7777) throw new ObjectError('A tree entry has more than 12 mode bits.');
  const mtimeSeconds = reader.seconds();
  const mtimeNanoseconds = reader.uint32();
  if (mtimeNanoseconds > 999_999_999) throw new ObjectError('A tree entry has more than 999,999,999 ns.');
  const name = checkName(reader.raw(reader.uint8()));
  const base = { name, mode, mtimeSeconds, mtimeNanoseconds };
  if (kind === KIND.directory) return { ...base, kind: 'directory', tree: reader.id() };
  if (kind === KIND.symlink) return { ...base, kind: 'symlink', target: readTarget(reader) };
  if (kind !== KIND.file) throw new ObjectError(`A tree entry has the unknown kind ${kind}.`);
  const size = reader.uint32() + reader.uint32() * 2 ** 32;
  if (!Number.isSafeInteger(size)) throw new ObjectError('A file size is over 2^53.');
  return { ...base, kind: 'file', size, content: readContent(reader, size) };
}

/** @throws ObjectError for a name that could leave its directory. */
export function checkName(name: Raw): Raw {
  if (name.length === 0 || name.length > MAX_NAME_BYTES) throw new ObjectError('A name must have 1 to 255 bytes.');
  if (name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw new ObjectError(`The name ${JSON.stringify(name)} is not allowed.`);
  }
  return name;
}

function readTarget(reader: Reader): Raw {
  const target = reader.raw(reader.uint16());
  if (target.length === 0 || target.length > MAX_LINK_BYTES || target.includes('\0'))
    throw new ObjectError('A link target is malformed.');
  return target;
}

function readContent(reader: Reader, size: number): Content {
  const count = reader.uint8();
  if (count === LIST_MARK) return { list: reader.id() };
  if (count > MAX_INLINE_CHUNKS) throw new ObjectError(`A tree entry names ${count} chunks itself.`);
  const chunks: Chunk[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = reader.id();
    chunks.push({ id, size: checkChunkSize(count === 1 ? size : reader.uint32()) });
  }
  if (totalSize(chunks) !== size) throw new ObjectError('The chunks of a file do not add up to its size.');
  return { chunks };
}

/** Reads a plain buffer; every read checks the end. */
class Reader {
  readonly #data: Buffer;
  #at: number;

  constructor(data: Buffer, at: number) {
    this.#data = data;
    this.#at = at;
  }
  get atEnd(): boolean {
    return this.#at === this.#data.length;
  }
  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#data.length) throw new ObjectError('A tree is cut.');
    this.#at = at + bytes;
    return at;
  }
  skip(bytes: number): void {
    this.#take(bytes);
  }
  /** What is read and not consumed. */
  peek<T>(read: () => T): T {
    const at = this.#at;
    const value = read();
    this.#at = at;
    return value;
  }
  uint8(): number {
    return this.#data[this.#take(1)]!;
  }
  uint16(): number {
    return this.#data.readUInt16LE(this.#take(2));
  }
  uint32(): number {
    return this.#data.readUInt32LE(this.#take(4));
  }
  seconds(): number {
    const at = this.#take(8);
    const seconds = this.#data.readUInt32LE(at) + this.#data.readInt32LE(at + 4) * 2 ** 32;
    if (!Number.isSafeInteger(seconds)) throw new ObjectError('A time is out of range.');
    return seconds;
  }
  raw(length: number): Raw {
    const at = this.#take(length);
    return this.#data.toString('latin1', at, at + length) as Raw;
  }
  id(): ObjectId {
    const at = this.#take(OBJECT_ID_BYTES);
    return this.#data.toString('hex', at, at + OBJECT_ID_BYTES) as ObjectId;
  }
}

function writeSeconds(out: Buffer, at: number, seconds: number): void {
  const high = Math.floor(seconds / 2 ** 32);
  out.writeUInt32LE(seconds - high * 2 ** 32, at);
  out.writeInt32LE(high, at + 4);
}

/** Nanoseconds since 1970 as the decimal string that wires carry. */
export function mtimeNs(entry: { mtimeSeconds: number; mtimeNanoseconds: number }): string {
  return (BigInt(entry.mtimeSeconds) * 1_000_000_000n + BigInt(entry.mtimeNanoseconds)).toString();
}

/** The inverse of `mtimeNs`. */
export function parseMtimeNs(text: string): { mtimeSeconds: number; mtimeNanoseconds: number } {
  const total = BigInt(text);
  const nanoseconds = ((total % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { mtimeSeconds: Number((total - nanoseconds) / 1_000_000_000n), mtimeNanoseconds: Number(nanoseconds) };
}
