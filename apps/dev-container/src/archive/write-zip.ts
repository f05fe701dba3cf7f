import { accessSync, constants } from 'node:fs';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { ArchiverError, ZipArchive, ZipEntryData } from 'archiver';
import { RoseError } from '@rose/contract';
import { rawToBytes, toText, type Raw } from '@rose/snapshot';
import { whatZipCannotCarry } from '@rose/snapshot/zip';
import { close, openAt, readSymlink, statFd, type Fd } from '@rose/snapshot/disk';
import { fromDisk, quote } from '../files/disk-failures.ts';
import { readRange, streamRange } from '../files/read-file.ts';
import { walkTree, type WalkedEntry } from './walk-tree.ts';

const LEVEL = 6;
/** Files up to this are read in one piece. */
const WHOLE_BYTES = 1024 * 1024;
const SLICE = 500;

/**
 * Looks for what a zip cannot carry, before the first byte of one is sent.
 * @throws RoseError ARCHIVE_REFUSED or FORBIDDEN naming the path
 */
export async function checkTree(directory: Fd, signal: AbortSignal): Promise<void> {
  let count = 0;
  for (const { path, name, parent, stat } of walkTree(directory)) {
    if (++count % SLICE === 0) await setImmediate(undefined, { signal });
    const problem = whatZipCannotCarry(path, stat.kind === 'symlink' ? readSymlink(parent, name) : null);
    if (problem !== null) {
      throw new RoseError('ARCHIVE_REFUSED', `A zip cannot hold ${quote(path)}: ${problem}.`, { path: toText(path) });
    }
    if (stat.kind === 'file') requireReadable(parent, name, path);
  }
}

/**
 * Writes a zip of a directory: files, empty directories and links (as links) with their modes
 * and mtimes, in 2 s steps as zips have them. Sockets, FIFOs and devices are left out.
 * Resolves when `output` has taken all of it.
 */
export async function writeZip(directory: Fd, output: Writable, signal: AbortSignal): Promise<void> {
  const { ZipArchive } = await import('archiver');
  const archive = new ZipArchive({ zlib: { level: LEVEL } });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  archive.on('error', reject);
  archive.on('warning', reject);
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  archive.pipe(output);
  try {
    await Promise.race([appendAll(archive, directory, output, signal), failed]);
    const finished = once(output, 'finish');
    await Promise.race([Promise.all([archive.finalize(), finished]), failed]);
  } catch (error) {
    archive.abort();
    throw error;
  }
}

async function appendAll(archive: ZipArchive, directory: Fd, output: Writable, signal: AbortSignal): Promise<void> {
  for (const entry of walkTree(directory)) {
    signal.throwIfAborted();
    await appendEntry(archive, entry, signal);
    // archiver does not wait for a slow reader between entries.
    if (output.writableNeedDrain) await once(output, 'drain', { signal });
  }
}

async function appendEntry(archive: ZipArchive, { path, name, parent, stat }: WalkedEntry, signal: AbortSignal) {
  const data: ZipEntryData = {
    name: toText(path),
    mode: stat.mode,
    date: new Date(stat.mtimeSeconds * 1000),
  };
  switch (stat.kind) {
    case 'directory':
      return append(archive, Buffer.alloc(0), { ...data, type: 'directory' });
    case 'symlink': {
      const linkname = toText(readSymlink(parent, name));
      return append(archive, Buffer.alloc(0), { ...data, type: 'symlink', linkname } as ZipEntryData);
    }
    case 'file':
      return appendFile(archive, parent, name, path, data, signal);
    case 'other':
      return;
  }
}

async function appendFile(
  archive: ZipArchive,
  parent: Fd,
  name: Raw,
  path: Raw,
  data: ZipEntryData,
  signal: AbortSignal,
) {
  let fd: Fd;
  try {
    fd = openAt(parent, name, constants.O_RDONLY);
  } catch (error) {
    throw fromDisk(error, path);
  }
  try {
    const { kind, size } = statFd(fd);
    if (kind !== 'file') return;
    if (size <= WHOLE_BYTES) {
      await append(archive, await readRange(fd, 0, size), data);
      return;
    }
    // An error of its source would leave archiver waiting for ever.
    const source = streamRange(fd, 0, size, signal);
    const broken = once(source, 'error').then(([error]) => {
      throw fromDisk(error, path);
    });
    await Promise.race([append(archive, source, data), broken]);
  } finally {
    close(fd);
  }
}

function append(
  archive: ZipArchive,
  source: Buffer | ReturnType<typeof streamRange>,
  data: ZipEntryData,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (deed: () => void): void => {
      archive.off('entry', done);
      archive.off('error', fail);
      deed();
    };
    const done = (): void => settle(resolve);
    const fail = (error: ArchiverError): void => settle(() => reject(error));
    archive.on('entry', done);
    archive.on('error', fail);
    archive.append(source, data);
  });
}

function requireReadable(parent: Fd, name: Raw, path: Raw): void {
  try {
    accessSync(Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), rawToBytes(name)]), constants.R_OK);
  } catch (error) {
    throw fromDisk(error, path);
  }
}
