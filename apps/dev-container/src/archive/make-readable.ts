import { chmodSync } from 'node:fs';
import { parentOf, rawToBytes, type Raw } from '@rose/snapshot';
import { DirectoryCursor, type Fd } from '@rose/snapshot/disk';
import type { ZipEntry } from './zip-entry.ts';

const READ_FILE = 0o400;
const READ_DIRECTORY = 0o500;

/**
 * Lets the owner read all that was unpacked: a zip may hold modes that forbid it. Directories
 * are changed in `entries` only, for `finishDirectories`.
 * @returns the modes that the entries had
 */
export function makeReadable(tree: Fd, entries: ZipEntry[]): Map<Raw, number> {
  const modes = new Map<Raw, number>();
  using cursor = new DirectoryCursor(tree);
  for (const entry of entries) {
    const needed = entry.kind === 'directory' ? READ_DIRECTORY : READ_FILE;
    if (entry.kind === 'symlink' || (entry.mode & needed) === needed) continue;
    modes.set(entry.path, entry.mode);
    entry.mode |= needed;
    if (entry.kind === 'directory') continue;
    const { directory, name } = parentOf(entry.path);
    const parent = Buffer.from(`/proc/self/fd/${cursor.at(directory)}/`);
    chmodSync(Buffer.concat([parent, rawToBytes(name)]), entry.mode);
  }
  return modes;
}
