import { createHash, randomUUID } from 'node:crypto';
import { constants, fchmodSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { RoseError, type WrittenFile } from '@rose/contract';
import { toText, type Raw } from '@rose/snapshot';
import { close, listNames, openAt, removeFile, removeTree, rename, statAt, statFd, type Fd } from '@rose/snapshot/disk';
import type { Workspace } from '../workspace.ts';
import { diskCode, fromDisk, isFull, noSpace, notAFile, onDisk, onDiskAsync, quote } from './disk-failures.ts';
import { mtimeNs } from './entries.ts';
import { hashFile } from './hash.ts';
import { KeyedLock } from './keyed-lock.ts';
import { followLast, locate, type Location } from './locate.ts';
import { openFile } from './read-file.ts';
import { freeBytes } from './space.ts';

const writeAsync = promisify(write);
const NEW_FILE_MODE = 0o644;
const ROOM = 'incoming';
const locks = new KeyedLock();

export interface WriteRequest {
  path: Raw;
  content: AsyncIterable<Uint8Array>;
  /** SHA-256 of what is there now; null = nothing may be there; undefined = overwrite. */
  expectedHash: string | null | undefined;
  signal: AbortSignal;
}

/**
 * Replaces the content of a file, or makes it, in one step: readers see the old or the new
 * file, never a part. The permission bits stay. A link as the last name is followed when it
 * stays inside the workspace.
 * @throws RoseError FILE_CHANGED when the file is not what was expected, NO_SPACE, CONFLICT …
 */
export async function writeFile(workspace: Workspace, request: WriteRequest): Promise<WrittenFile> {
  const incoming = workspace.openOwn(ROOM);
  const name = randomUUID() as string as Raw;
  const root = workspace.open();
  let fd: Fd | null = null;
  let placed = false;
  try {
    const path = followLast(root, request.path, workspace.path);
    using target = locate(root, path);
    currentMode(target);
    fd = openAt(incoming, name, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
    const file = fd;
    const hash = await onDiskAsync(path, () => store(workspace, file, request));
    await locks.run(path, async () => {
      await checkExpected(workspace, path, request.expectedHash, request.signal);
      fchmodSync(file, currentMode(target) ?? NEW_FILE_MODE);
      place(incoming, name, target, request.expectedHash !== null);
    });
    placed = true;
    const stat = statFd(file);
    return { path: toText(path), hash, size: stat.size, mode: stat.mode, mtimeNs: mtimeNs(stat) };
  } finally {
    if (fd !== null && !placed) removeFile(incoming, name);
    if (fd !== null) close(fd);
    close(root);
    close(incoming);
  }
}

/** Removes what a killed agent was writing. */
export function clearIncoming(workspace: Workspace): void {
  const incoming = workspace.openOwn(ROOM);
  try {
    for (const name of listNames(incoming)) removeTree(incoming, name);
  } finally {
    close(incoming);
  }
}

/** Writes the content to the new file and hashes it on the way. */
async function store(workspace: Workspace, fd: Fd, { content, signal }: WriteRequest): Promise<string> {
  const hash = createHash('sha256');
  let offset = 0;
  try {
    for await (const chunk of content) {
      signal.throwIfAborted();
      hash.update(chunk);
      for (let at = 0; at < chunk.length;) {
        const { bytesWritten } = await writeAsync(fd, chunk, at, chunk.length - at, offset);
        at += bytesWritten;
        offset += bytesWritten;
      }
    }
  } catch (error) {
    if (isFull(error)) throw noSpace(offset, await freeBytes(workspace.home));
    throw error;
  }
  return hash.digest('hex');
}

/** Permission bits of the file that is there, null for none. */
function currentMode({ parent, name, path }: Location): number | null {
  const stat = onDisk(path, () => statAt(parent, name));
  if (stat === null) return null;
  if (stat.kind === 'directory') throw new RoseError('CONFLICT', `${quote(path)} is a directory.`);
  if (stat.kind !== 'file') throw notAFile(path);
  return stat.mode;
}

async function checkExpected(
  workspace: Workspace,
  path: Raw,
  expected: string | null | undefined,
  signal: AbortSignal,
) {
  if (expected === undefined) return;
  const actual = await currentHash(workspace, path, signal);
  if (actual === expected) return;
  throw fileChanged(path, expected, actual);
}

async function currentHash(workspace: Workspace, path: Raw, signal: AbortSignal): Promise<string | null> {
  try {
    using file = openFile(workspace, path);
    return await hashFile(file.fd, signal);
  } catch (error) {
    if (error instanceof RoseError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

function fileChanged(path: Raw, expected: string | null, actual: string | null): RoseError {
  const what = actual === null ? 'is gone' : expected === null ? 'exists already' : 'was changed by somebody else';
  const message = `${quote(path)} ${what}; read it again and decide which content to keep.`;
  return new RoseError('FILE_CHANGED', message, { path: toText(path), expected, actual });
}

/** Without `replace`, a file that came up since the check is not overwritten. */
function place(incoming: Fd, name: Raw, target: Location, replace: boolean): void {
  try {
    rename(incoming, name, target.parent, target.name, { replace });
  } catch (error) {
    if (diskCode(error) === 'EEXIST') throw fileChanged(target.path, null, null);
    throw fromDisk(error, target.path);
  }
}
