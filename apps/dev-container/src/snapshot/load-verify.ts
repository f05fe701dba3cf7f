import fs from 'node:fs';
import { fromText, idOf, parentOf, parseMtimeNs, type Chunk, type Raw } from '@rose/snapshot';
import { close, DirectoryCursor, DiskError, openAt, statFd, type Fd } from '@rose/snapshot/disk';
import type { PlannedOperation } from './load-journal.ts';

/**
 * Files of a load whose bytes a power cut took: they have the name and the time that the load
 * gave them, and not the content. A file that somebody wrote since has another time.
 */
export function damagedFiles(root: Fd, operations: readonly PlannedOperation[]): string[] {
  const damaged: string[] = [];
  using cursor = new DirectoryCursor(root);
  for (const { operation, chunks } of operations) {
    if (operation.op !== 'write' || operation.kind !== 'file') continue;
    const { directory, name } = parentOf(fromText(operation.path));
    if (isDamaged(cursor, directory, name, operation.mtimeNs, chunks)) damaged.push(operation.path);
  }
  return damaged;
}

function isDamaged(
  cursor: DirectoryCursor,
  directory: Raw,
  name: Raw,
  mtimeNs: string,
  chunks: readonly Chunk[],
): boolean {
  let fd: Fd;
  try {
    fd = openAt(cursor.at(directory), name, fs.constants.O_RDONLY);
  } catch (error) {
    if (error instanceof DiskError) return false;
    throw error;
  }
  try {
    const stat = statFd(fd);
    const loaded = parseMtimeNs(mtimeNs);
    const isOurs =
      stat.kind === 'file' &&
      stat.mtimeSeconds === loaded.mtimeSeconds &&
      stat.mtimeNanoseconds === loaded.mtimeNanoseconds;
    return isOurs && !holdsChunks(fd, chunks);
  } finally {
    close(fd);
  }
}

/** Whether a file begins with exactly these chunks. */
export function holdsChunks(fd: Fd, chunks: readonly Chunk[]): boolean {
  let position = 0;
  for (const { id, size } of chunks) {
    const bytes = Buffer.allocUnsafe(size);
    if (fs.readSync(fd, bytes, 0, size, position) !== size || idOf(bytes) !== id) return false;
    position += size;
  }
  return true;
}
