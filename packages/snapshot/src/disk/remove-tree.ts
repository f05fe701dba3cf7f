import type { Raw } from '../raw.ts';
import { close, DiskError, listNames, openDirectory, removeDirectory, removeFile, statAt, type Fd } from './libc.ts';
import { isGone } from './beneath.ts';
import { openWritable } from './open-writable.ts';

/** Removes an entry and all below it; never follows a link. Nothing there is success. */
export function removeTree(parent: Fd, name: Raw): void {
  const stat = statAt(parent, name);
  if (stat === null) return;
  if (stat.kind !== 'directory') {
    ignoreGone(() => removeFile(parent, name));
    return;
  }
  emptyDirectory(parent, name, (stat.mode & 0o700) === 0o700);
  ignoreGone(() => removeDirectory(parent, name));
}

function emptyDirectory(parent: Fd, name: Raw, isOurs: boolean): void {
  let directory: Fd;
  try {
    directory = isOurs ? openDirectory(parent, name) : openWritable(parent, name);
  } catch (error) {
    if (isGone(error)) return;
    throw error;
  }
  try {
    for (const child of listNames(directory)) removeTree(directory, child);
  } finally {
    close(directory);
  }
}

function ignoreGone(deed: () => void): void {
  try {
    deed();
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'ENOENT') throw error;
  }
}
