import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RoseError, type ZipLimits } from '@rose/contract';
import { isFull, noSpace } from '../files/disk-failures.ts';
import { freeBytes } from '../files/space.ts';
import { assembleTree } from './assemble-tree.ts';
import { inspectZip } from './inspect-zip.ts';
import type { InspectedZip } from './zip-entry.ts';
import { refuseZip } from './zip-refusal.ts';

const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
/** Time for one entry: this, and this much for each of its bytes. */
const ENTRY_MS = 60_000;
const MS_PER_BYTE = 1 / 1000;
/** Left free on the disk, bytes. */
const RESERVE_BYTES = 16 * 1024 * 1024;

/**
 * Inspects a zip and unpacks it into `dir`, which must not exist yet, by way of `dir`.raw. What
 * is left of both, also after a failure, the caller throws away. Modes and mtimes are set, those
 * of directories by `finishDirectories` later: a read-only directory could not be moved.
 * @param dir absolute path on the workspace's file system
 * @throws RoseError ARCHIVE_REFUSED, NO_SPACE, CANCELLED
 */
export async function extractZip(
  file: string,
  dir: string,
  limits: ZipLimits,
  signal: AbortSignal,
): Promise<InspectedZip> {
  const zip = await inspectZip(file, limits, signal);
  const available = await freeBytes(join(dir, '..'));
  if (zip.bytes + RESERVE_BYTES > available) throw noSpace(zip.bytes + RESERVE_BYTES, available);
  const packed = `${dir}.raw`;
  try {
    mkdirSync(packed, { mode: 0o700 });
    mkdirSync(dir, { mode: 0o700 });
    await unpack(file, packed, zip, signal);
    await assembleTree(packed, dir, zip.entries, signal);
    return zip;
  } catch (error) {
    if (error instanceof RoseError || signal.aborted) throw error;
    if (isFull(error)) throw noSpace(zip.bytes, await freeBytes(join(dir, '..')));
    throw refuseZip('it could not be unpacked', error);
  }
}

/**
 * Has extract-zip write the content. It follows links, trusts modes and may never settle when
 * a write fails: so links become plain files here, modes are ours, and each entry has a
 * deadline.
 */
async function unpack(file: string, dir: string, zip: InspectedZip, signal: AbortSignal): Promise<void> {
  const { default: extract } = await import('extract-zip');
  const byName = new Map(zip.entries.map((entry) => [entry.yauzlName, entry]));
  const { promise: stalled, reject } = Promise.withResolvers<never>();
  let open: { close(): void } | null = null;
  let deadline = setTimeout(() => reject(stall()), ENTRY_MS);
  const onEntry = (entry: { fileName: string; externalFileAttributes: number }, zipFile: { close(): void }): void => {
    open = zipFile;
    signal.throwIfAborted();
    const known = byName.get(entry.fileName);
    if (known === undefined) throw new Error('extract-zip met an entry that was not inspected');
    entry.externalFileAttributes = known.kind === 'directory' ? dos(DIRECTORY | 0o700) : dos(REGULAR | 0o600);
    clearTimeout(deadline);
    deadline = setTimeout(() => reject(stall()), ENTRY_MS + known.size * MS_PER_BYTE);
  };
  const leave = (): void => reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    await Promise.race([extract(file, { dir, onEntry }), stalled]);
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', leave);
    (open as { close(): void } | null)?.close();
  }
}

const dos = (mode: number): number => (mode << 16) >>> 0;

function stall(): RoseError {
  return new RoseError('TIMEOUT', 'Unpacking the zip stood still; nothing was changed. Is the disk full?');
}
