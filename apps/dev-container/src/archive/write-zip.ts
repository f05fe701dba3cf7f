import { accessSync, constants } from 'node:fs';
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { RoseError } from '@rose/contract';
import { rawToBytes, toText, type Raw } from '@rose/snapshot';
import { close, openAt, readSymlink, statFd, type Fd } from '@rose/snapshot/disk';
import { pack, whatZipCannotCarry, ZipWriter, type ZipAttributes, type ZipTotals } from '@rose/snapshot/zip';
import { fromDisk, quote } from '../files/disk-failures.ts';
import { readRange, streamRange } from '../files/read-file.ts';
import { walkTree, type WalkedEntry } from './walk-tree.ts';

/** Files up to this are read in one piece. */
const WHOLE_BYTES = 1024 * 1024;
const SLICE = 500;

/**
 * Looks for what a zip cannot carry, before the first byte of one is sent.
 * @throws RoseError ARCHIVE_REFUSED or FORBIDDEN naming the path
 */
export async function checkTree(directory: Fd, signal: AbortSignal): Promise<ZipTotals> {
  const totals = { entries: 0, bytes: 0 };
  for (const { path, name, parent, stat } of walkTree(directory)) {
    totals.entries += 1;
    if (totals.entries % SLICE === 0) await setImmediate(undefined, { signal });
    const problem = whatZipCannotCarry(path, stat.kind === 'symlink' ? readSymlink(parent, name) : null);
    if (problem !== null) {
      throw new RoseError('ARCHIVE_REFUSED', `A zip cannot hold ${quote(path)}: ${problem}.`, { path: toText(path) });
    }
    if (stat.kind !== 'file') continue;
    requireReadable(parent, name, path);
    totals.bytes += stat.size;
  }
  return totals;
}

/**
 * Writes a zip of a directory: files, empty directories and links (as links) with their modes
 * and mtimes. Sockets, FIFOs and devices are left out. Resolves when `output` has taken all.
 */
export async function writeZip(directory: Fd, output: Writable, totals: ZipTotals, signal: AbortSignal): Promise<void> {
  const zip = new ZipWriter(output, totals, signal);
  try {
    for (const entry of walkTree(directory)) await writeEntry(zip, entry, signal);
    await zip.finish();
  } catch (error) {
    zip.abort();
    throw error;
  }
}

async function writeEntry(
  zip: ZipWriter,
  { path, name, parent, stat }: WalkedEntry,
  signal: AbortSignal,
): Promise<void> {
  switch (stat.kind) {
    case 'directory':
      return await zip.directory(path, stat);
    case 'symlink':
      return await zip.symlink(path, readSymlink(parent, name), stat);
    case 'file':
      return await writeFile(zip, { path, name, parent }, stat, signal);
    case 'other':
      // A zip has no place for it.
      return;
  }
}

async function writeFile(
  zip: ZipWriter,
  { path, name, parent }: Pick<WalkedEntry, 'path' | 'name' | 'parent'>,
  attributes: ZipAttributes,
  signal: AbortSignal,
): Promise<void> {
  let fd: Fd;
  try {
    fd = openAt(parent, name, constants.O_RDONLY);
  } catch (error) {
    throw fromDisk(error, path);
  }
  try {
    const { kind, size } = statFd(fd);
    if (kind !== 'file') return;
    if (size <= WHOLE_BYTES) return await zip.file(path, await pack(await readRange(fd, 0, size), true), attributes);
    await zip.stream(path, size, streamRange(fd, 0, size, signal), true, attributes);
  } finally {
    close(fd);
  }
}

function requireReadable(parent: Fd, name: Raw, path: Raw): void {
  try {
    accessSync(Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), rawToBytes(name)]), constants.R_OK);
  } catch (error) {
    throw fromDisk(error, path);
  }
}
