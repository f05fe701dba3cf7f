import fs from 'node:fs';
import {
  chunkLength,
  idOf,
  MAX_CHUNK_BYTES,
  type Chunk,
  type ObjectFrame,
  type ObjectId,
  type Raw,
} from '@rose/snapshot';
import { close, openAt, statFd, type Fd, type Stat } from '@rose/snapshot/disk';

/** Takes the objects of a save, whose bytes are good until it returns; blocks while the receiver is slow, throws to end the walk. */
export interface SaveSink {
  object(frame: ObjectFrame, id: ObjectId, size: number, compressed: Buffer): void;
  progress(files: number, bytes: number): void;
}

export interface ReadFile {
  chunks: Chunk[];
  size: number;
  stat: Stat;
  /** When reading began, ms since 1970. */
  readAtMs: number;
  /** It never stood still: this is what was read last. */
  hasChanged: boolean;
}

const ATTEMPTS = 3;
/** Room for a chunk and what is read ahead. */
const buffer = Buffer.allocUnsafe(2 * MAX_CHUNK_BYTES);

/**
 * Reads a file until it stood still while it was read, at most three times.
 * @returns null when it is no regular file any more.
 * @throws DiskError when it cannot be opened.
 */
export function readFile(parent: Fd, name: Raw, emit: (id: ObjectId, plain: Buffer) => void): ReadFile | null {
  const fd = openAt(parent, name, fs.constants.O_RDONLY);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const readAtMs = Date.now();
      const before = statFd(fd);
      if (before.kind !== 'file') return null;
      const chunks = readChunks(fd, emit);
      const size = chunks.reduce((sum, chunk) => sum + chunk.size, 0);
      const after = statFd(fd);
      const hasChanged = size !== after.size || !isSameState(before, after);
      if (!hasChanged || attempt === ATTEMPTS) return { chunks, size, stat: after, readAtMs, hasChanged };
    }
  } finally {
    close(fd);
  }
}

function readChunks(fd: Fd, emit: (id: ObjectId, plain: Buffer) => void): Chunk[] {
  const chunks: Chunk[] = [];
  let start = 0;
  let end = 0;
  let position = 0;
  let isAtEnd = false;
  for (;;) {
    if (end - start < MAX_CHUNK_BYTES && !isAtEnd) {
      buffer.copyWithin(0, start, end);
      end -= start;
      start = 0;
      const wanted = buffer.length - end;
      // A regular file is read short only at its end; one that grows meanwhile is noticed by its stamps.
      const count = fs.readSync(fd, buffer, end, wanted, position);
      isAtEnd = count < wanted;
      end += count;
      position += count;
    }
    if (end === start) return chunks;
    const length = chunkLength(buffer, start, end);
    const plain = buffer.subarray(start, start + length);
    const id = idOf(plain);
    emit(id, plain);
    chunks.push({ id, size: length });
    start += length;
  }
}

function isSameState(a: Stat, b: Stat): boolean {
  return (
    a.size === b.size &&
    a.mtimeSeconds === b.mtimeSeconds &&
    a.mtimeNanoseconds === b.mtimeNanoseconds &&
    a.ctimeSeconds === b.ctimeSeconds &&
    a.ctimeNanoseconds === b.ctimeNanoseconds
  );
}
