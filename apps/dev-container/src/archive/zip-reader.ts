import { readSync } from 'node:fs';
import type { Fd } from '@rose/snapshot/disk';
import yauzl from 'yauzl';
import { refuseZip } from './zip-refusal.ts';

const CACHE_BYTES = 1024 * 1024;

type ReadCallback = (error: Error | null, bytesRead?: number) => void;

/**
 * Lets yauzl read the central directory from a cached block: two system calls an entry, each
 * through the thread pool, would make 200,000 entries take half a minute.
 */
class CachedReader extends yauzl.RandomAccessReader {
  readonly #fd: Fd;
  readonly #cache = Buffer.allocUnsafe(CACHE_BYTES);
  #start = 0;
  #length = 0;

  constructor(fd: Fd) {
    super();
    this.#fd = fd;
  }

  override read(buffer: Buffer, offset: number, length: number, position: number, callback: ReadCallback): void {
    try {
      callback(null, this.#copy(buffer, offset, length, position));
    } catch (error) {
      callback(error as Error);
    }
  }

  #copy(buffer: Buffer, offset: number, length: number, position: number): number {
    if (length > CACHE_BYTES) return readSync(this.#fd, buffer, offset, length, position);
    if (position < this.#start || position + length > this.#start + this.#length) {
      this.#length = readSync(this.#fd, this.#cache, 0, CACHE_BYTES, position);
      this.#start = position;
    }
    const at = position - this.#start;
    return this.#cache.copy(buffer, offset, at, Math.min(at + length, this.#length));
  }
}

/** The central directory of a zip, as far as yauzl understood it. */
export interface CentralDirectory {
  /** As the zip says; yauzl reads no more. */
  entryCount: number;
  /** Where it starts; all content must lie before. */
  start: number;
  entries(): AsyncIterable<yauzl.Entry>;
}

/** @throws RoseError ARCHIVE_REFUSED when this is no zip */
export async function openCentralDirectory(fd: Fd, size: number): Promise<CentralDirectory> {
  try {
    const zip = await yauzl.fromRandomAccessReaderPromise(new CachedReader(fd), size, {
      autoClose: false,
      decodeStrings: false,
    });
    const cursor = (): number => Number(zip.readEntryCursor);
    const start = cursor();
    async function* entries(): AsyncGenerator<yauzl.Entry> {
      try {
        yield* { [Symbol.asyncIterator]: () => zip.eachEntry() };
      } catch (error) {
        throw unreadable(error);
      }
      requireEnd(fd, cursor());
    }
    return { entryCount: zip.entryCount, start, entries };
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return refuseZip(`it cannot be read (${reason.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)})`, error);
}

/** After the last entry that was counted the end record must follow, not entries nobody counted. */
function requireEnd(fd: Fd, position: number): void {
  const signature = Buffer.alloc(4);
  readSync(fd, signature, 0, 4, position);
  const END_RECORDS = [0x06054b50, 0x06064b50];
  if (!END_RECORDS.includes(signature.readUInt32LE())) throw refuseZip('its count of entries is wrong');
}
