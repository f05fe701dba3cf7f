import fs from 'node:fs';
import { CHUNK_BYTES, compress, encodeList, idOf, MAX_INLINE_CHUNKS, SAVE_FRAME, type Chunk, type Content, type ObjectFrame, type ObjectId, type Raw } from '@rose/snapshot';
import { close, openAt, statFd, type Fd, type Stat } from '@rose/snapshot/disk';

/** Takes the objects of a save; blocks while the receiver is slow, throws to end the walk. */
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
const buffer = Buffer.allocUnsafe(CHUNK_BYTES);

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
  for (let position = 0; ; ) {
    const length = fill(fd, position);
    if (length === 0) return chunks;
    const plain = buffer.subarray(0, length);
    const id = idOf(plain);
    emit(id, plain);
    chunks.push({ id, size: length });
    position += length;
    if (length < CHUNK_BYTES) return chunks;
  }
}

/** Fills the buffer from `position`; less than the buffer only at the end of the file. */
function fill(fd: Fd, position: number): number {
  let length = 0;
  while (length < CHUNK_BYTES) {
    const count = fs.readSync(fd, buffer, length, CHUNK_BYTES - length, position + length);
    if (count === 0) break;
    length += count;
  }
  return length;
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

/** What a tree entry says of these chunks; a long list becomes an object first. */
export function contentOf(chunks: readonly Chunk[], sink: SaveSink, isStored: boolean): Content {
  if (chunks.length <= MAX_INLINE_CHUNKS) return { chunks };
  const encoding = encodeList(chunks);
  const list = idOf(encoding);
  if (!isStored) sink.object(SAVE_FRAME.list, list, encoding.length, compress(encoding));
  return { list };
}
