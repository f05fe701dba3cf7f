import { readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { rawFromBytes } from '@rose/snapshot';
import type { Fd } from '@rose/snapshot/disk';
import { streamRange } from '../files/read-file.ts';
import type { ZipEntry } from './zip-entry.ts';
import { refuseEntry } from './zip-refusal.ts';

const LOCAL_HEADER_BYTES = 30;
const LOCAL_HEADER = 0x04034b50;
/** Content up to this is inflated in one call. */
const WHOLE_BYTES = 4 * 1024 * 1024;
const MAX_LINK_BYTES = 4095;
/** Work done before other calls get their turn, bytes. */
const SLICE_BYTES = 8 * 1024 * 1024;
/** An entry without content is as much work as so many bytes. */
const ENTRY_BYTES = 16 * 1024;

/**
 * Reads all content and compares it with what the headers promise: sizes, checksums, that the
 * two headers of an entry agree and that no bytes belong to two entries. Fills in link targets.
 * @param end where content must have ended: the start of the central directory
 * @throws RoseError ARCHIVE_REFUSED
 */
export async function checkContent(fd: Fd, entries: ZipEntry[], end: number, signal: AbortSignal): Promise<void> {
  let free = 0;
  let work = 0;
  for (const entry of entries.toSorted((a, b) => a.offset - b.offset)) {
    if (entry.offset < free) throw refuseEntry(entry.path, 'overlaps another entry');
    const start = readLocalHeader(fd, entry, end);
    free = start + entry.compressedSize;
    if (free > end) throw refuseEntry(entry.path, 'is cut off');
    await checkEntry(fd, entry, start, signal);
    work += entry.size + entry.compressedSize + ENTRY_BYTES;
    if (work < SLICE_BYTES) continue;
    work = 0;
    await setImmediate(undefined, { signal });
  }
}

/** Where the content starts. */
function readLocalHeader(fd: Fd, entry: ZipEntry, end: number): number {
  const header = Buffer.alloc(LOCAL_HEADER_BYTES + entry.rawName.length);
  const read = readSync(fd, header, 0, header.length, entry.offset);
  const nameLength = header.readUInt16LE(26);
  const agrees =
    read === header.length &&
    entry.offset < end &&
    header.readUInt32LE(0) === LOCAL_HEADER &&
    (header.readUInt16LE(6) & 1) === 0 &&
    header.readUInt16LE(8) === (entry.method === 'stored' ? 0 : 8) &&
    nameLength === entry.rawName.length &&
    header.subarray(LOCAL_HEADER_BYTES).equals(entry.rawName);
  if (!agrees) throw refuseEntry(entry.path, 'has two headers that do not agree');
  return entry.offset + LOCAL_HEADER_BYTES + nameLength + header.readUInt16LE(28);
}

async function checkEntry(fd: Fd, entry: ZipEntry, start: number, signal: AbortSignal): Promise<void> {
  const whole = Math.max(entry.size, entry.compressedSize) <= WHOLE_BYTES;
  const { size, sum } = whole ? checkWhole(fd, entry, start) : await checkStreamed(fd, entry, start, signal);
  if (size !== entry.size) throw refuseEntry(entry.path, 'is not as large as its header says');
  if (sum !== entry.crc32) throw refuseEntry(entry.path, 'is damaged: its checksum is wrong');
}

interface Content {
  size: number;
  sum: number;
}

function checkWhole(fd: Fd, entry: ZipEntry, start: number): Content {
  const packed = Buffer.allocUnsafe(entry.compressedSize);
  const read = readSync(fd, packed, 0, packed.length, start);
  if (read !== packed.length) throw refuseEntry(entry.path, 'is cut off');
  const bytes = entry.method === 'stored' ? packed : inflate(entry, packed);
  if (entry.kind === 'symlink') entry.target = rawFromBytes(bytes);
  return { size: bytes.length, sum: crc32(bytes) };
}

function inflate(entry: ZipEntry, packed: Buffer): Buffer {
  try {
    // One byte more than promised is enough to know that the size is a lie.
    const { buffer, engine } = inflateRawSync(packed, { maxOutputLength: entry.size + 1, info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    if (engine.bytesWritten === packed.length) return buffer;
  } catch (error) {
    const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw refuseEntry(entry.path, tooLarge ? 'is larger than its header says' : 'is damaged');
  }
  throw refuseEntry(entry.path, 'has bytes after its content');
}

async function checkStreamed(fd: Fd, entry: ZipEntry, start: number, signal: AbortSignal): Promise<Content> {
  const content: Content = { size: 0, sum: 0 };
  if (entry.compressedSize === 0) return content;
  const packed = streamRange(fd, start, entry.compressedSize, signal);
  const inflater = entry.method === 'stored' ? null : createInflateRaw();
  if (inflater !== null) packed.on('error', (error) => inflater.destroy(error)).pipe(inflater);
  try {
    for await (const chunk of inflater ?? packed) {
      content.sum = crc32(chunk as Buffer, content.sum);
      content.size += (chunk as Buffer).length;
      if (content.size > entry.size) throw refuseEntry(entry.path, 'is larger than its header says');
    }
  } catch (error) {
    signal.throwIfAborted();
    throw isZlibError(error) ? refuseEntry(entry.path, 'is damaged') : error;
  } finally {
    packed.destroy();
    inflater?.destroy();
  }
  if (inflater !== null && inflater.bytesWritten !== entry.compressedSize) {
    throw refuseEntry(entry.path, 'has bytes after its content');
  }
  return content;
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

/** Whether a link of this size can exist. */
export function isLinkSize(size: number): boolean {
  return size > 0 && size <= MAX_LINK_BYTES;
}
