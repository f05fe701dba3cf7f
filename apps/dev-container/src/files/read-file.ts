import { constants, read } from 'node:fs';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { Raw } from '@rose/snapshot';
import { close, openAt, statAt, statFd, type Fd, type Stat } from '@rose/snapshot/disk';
import type { Workspace } from '../workspace.ts';
import { missing, notAFile, onDisk } from './disk-failures.ts';
import { followLast, locate } from './locate.ts';

const readAsync = promisify(read);
const CHUNK_BYTES = 256 * 1024;

/** An open regular file. */
export interface OpenFile extends Disposable {
  fd: Fd;
  stat: Stat;
  /** Where it really is, links resolved. */
  path: Raw;
}

/**
 * Opens a file of the workspace for reading; a link as the last name is followed when it stays
 * inside. Never blocks, whatever is there in place of a file.
 * @throws RoseError NOT_FOUND, CONFLICT for what is no regular file, FORBIDDEN
 */
export function openFile(workspace: Workspace, path: Raw): OpenFile {
  const root = workspace.open();
  try {
    const real = followLast(root, path, workspace.path);
    using location = locate(root, real);
    const before = onDisk(real, () => statAt(location.parent, location.name));
    if (before === null) throw missing(real);
    if (before.kind !== 'file') throw notAFile(real);
    const fd = onDisk(real, () => openAt(location.parent, location.name, constants.O_RDONLY));
    const stat = statFd(fd);
    if (stat.kind !== 'file') {
      close(fd);
      throw notAFile(real);
    }
    return { fd, stat, path: real, [Symbol.dispose]: () => close(fd) };
  } finally {
    close(root);
  }
}

/** Up to `length` bytes from `offset`; fewer at the end of the file. */
export async function readRange(fd: Fd, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await readAsync(fd, buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/**
 * Streams `length` bytes from `offset`, fewer when the file ends before. The descriptor stays
 * the caller's; a stream of node:fs would close it when it is destroyed.
 */
export function streamRange(fd: Fd, offset: number, length: number, signal: AbortSignal): Readable {
  return Readable.from(chunksOf(fd, offset, length, signal), { objectMode: false, highWaterMark: CHUNK_BYTES });
}

async function* chunksOf(fd: Fd, offset: number, length: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (let at = 0; at < length;) {
    signal.throwIfAborted();
    const chunk = await readRange(fd, offset + at, Math.min(length - at, CHUNK_BYTES));
    if (chunk.length === 0) return;
    yield chunk;
    at += chunk.length;
  }
}
