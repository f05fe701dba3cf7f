import { RoseError } from '@rose/contract';
import { toText, type Raw } from '@rose/snapshot';
import { refused } from '../failures.ts';

/** A path for a message: quoted, control characters and raw bytes escaped. */
export function quote(path: Raw): string {
  return path === '' ? 'the workspace' : JSON.stringify(toText(path));
}

/** Code of a failed system call, from Node or from libc; null for other errors. */
export function diskCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** Whether a write failed because no space, or no quota, is left. */
export function isFull(error: unknown): boolean {
  const code = diskCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** A failed system call in the words of the catalogue; other errors come back as they are. */
export function fromDisk(error: unknown, path: Raw): unknown {
  const code = error instanceof RoseError ? null : diskCode(error);
  switch (code) {
    case 'ENOENT':
      return missing(path);
    case 'ENOTDIR':
      return new RoseError('CONFLICT', `${quote(path)} is not a directory.`);
    case 'EISDIR':
      return new RoseError('CONFLICT', `${quote(path)} is a directory.`);
    case 'EEXIST':
      return new RoseError('CONFLICT', `${quote(path)} exists already.`);
    case 'ENOTEMPTY':
      return new RoseError('CONFLICT', `${quote(path)} is not empty.`);
    case 'ELOOP':
      return new RoseError('CONFLICT', `${quote(path)} is a symbolic link.`);
    case 'ENXIO':
      return notAFile(path);
    case 'ENAMETOOLONG':
      return refused('path', `${quote(path)} is longer than the file system allows (255 bytes a name).`);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new RoseError('FORBIDDEN', `The permissions in the workspace do not allow this on ${quote(path)}.`);
    case 'ENOSPC':
    case 'EDQUOT':
      return noSpace(0, 0);
    case 'EMFILE':
    case 'ENFILE':
      return new RoseError('BUSY', 'Too many files are open in the container; try again.');
    default:
      return error;
  }
}

export function missing(path: Raw): RoseError {
  return new RoseError('NOT_FOUND', `${quote(path)} does not exist in the workspace.`, { what: toText(path) });
}

export function notAFile(path: Raw): RoseError {
  return new RoseError('CONFLICT', `${quote(path)} is not a regular file.`);
}

/** Runs `deed`; what fails on disk is told about `path`. */
export function onDisk<T>(path: Raw, deed: () => T): T {
  try {
    return deed();
  } catch (error) {
    throw fromDisk(error, path);
  }
}

/** `onDisk` for a promise. */
export async function onDiskAsync<T>(path: Raw, deed: () => Promise<T>): Promise<T> {
  try {
    return await deed();
  } catch (error) {
    throw fromDisk(error, path);
  }
}

/** @param needed bytes, as far as known */
export function noSpace(needed: number, available: number): RoseError {
  return new RoseError('NO_SPACE', 'The disk of the container is full; nothing was changed.', { needed, available });
}
