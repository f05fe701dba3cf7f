import type { ZipArchive } from 'archiver';
import type { PackedContent } from './pack.ts';

/**
 * What archiver 8.0.0 hides behind a ZipArchive: its writer of the format (compress-commons
 * 7.0.1). The versions are pinned; the tests of ZipWriter tell when this no longer fits.
 */
export interface ZipEngine {
  options: { zlib: { level: number } };
  /** Bytes written so far. */
  offset: number;
  _entries: { readonly length: number; push(entry: EngineEntry): void; forEach(): void };
  write(piece: Buffer | string): boolean;
  end(): unknown;
  _normalizeEntry(entry: EngineEntry): void;
  _appendBuffer(entry: EngineEntry, source: Buffer, done: EntryDone): void;
  _afterAppend(entry: EngineEntry): void;
  _writeLocalFileHeader(entry: EngineEntry): void;
  _writeCentralFileHeader(entry: EngineEntry): void;
}

export interface EngineEntry {
  getExtra(): Buffer;
  getLocalFileDataExtra(): Buffer;
  getCentralDirectoryExtra(): Buffer;
  getGeneralPurposeBit(): { useDataDescriptor(used: boolean): void };
  isZip64(): boolean;
  setMethod(method: number): void;
  setSize(bytes: number): void;
  setCompressedSize(bytes: number): void;
  setCrc(sum: number): void;
}

type EntryDone = (error: Error | null, entry: EngineEntry) => void;

/** The entry that is written now. */
export interface EntryPlan {
  mtimeSeconds: number;
  /** Bytes of a file, else 0. */
  size: number;
  /** A file's content when it is whole and packed already; null for what archiver packs itself. */
  content: PackedContent | null;
}

/** From this size an entry has 64-bit sizes: below 4 GiB, for content that deflate makes larger. */
export const ZIP64_BYTES = 0xf000_0000;
const METHOD = { stored: 0, deflate: 8 } as const;

export function engineOf(archive: ZipArchive): ZipEngine {
  return (archive as unknown as { _module: { engine: ZipEngine } })._module.engine;
}

/**
 * Gives entries their exact second (archiver writes MS-DOS times, in steps of two), reliable
 * 64-bit sizes, and content that is packed already: its sizes and sum then stand before it, as
 * streaming readers need it, and no stream is made for it.
 */
export function extendEntries(engine: ZipEngine, plan: () => EntryPlan): void {
  const normalize = engine._normalizeEntry.bind(engine);
  const appendBuffer = engine._appendBuffer.bind(engine);
  engine._normalizeEntry = (entry) => {
    normalize(entry);
    const { mtimeSeconds, size } = plan();
    const time = timeField(mtimeSeconds);
    entry.getLocalFileDataExtra = () => time;
    // For 64-bit entries the engine puts its own field here, in place of any other.
    entry.getCentralDirectoryExtra = () => Buffer.concat([entry.getExtra(), time]);
    if (size >= ZIP64_BYTES) entry.isZip64 = () => true;
  };
  engine._appendBuffer = (entry, source, done) => {
    const { content } = plan();
    if (content === null) return appendBuffer(entry, source, done);
    entry.getGeneralPurposeBit().useDataDescriptor(false);
    entry.setMethod(METHOD[content.method]);
    entry.setSize(content.size);
    entry.setCompressedSize(content.data.length);
    entry.setCrc(content.sum);
    engine._writeLocalFileHeader(entry);
    engine.write(source);
    engine._afterAppend(entry);
    done(null, entry);
  };
}

const TIME_FIELD = 0x5455;
const HAS_MTIME = 1;
const MAX_INT32 = 0x7fff_ffff;

/** Info-ZIP's "UT" field: seconds since 1970, 32 bits. Empty for a time out of its range (1901–2038). */
function timeField(seconds: number): Buffer {
  if (seconds < -MAX_INT32 || seconds > MAX_INT32) return Buffer.alloc(0);
  const field = Buffer.allocUnsafe(9);
  field.writeUInt16LE(TIME_FIELD, 0);
  field.writeUInt16LE(5, 2);
  field.writeUInt8(HAS_MTIME, 4);
  field.writeInt32LE(seconds, 5);
  return field;
}
