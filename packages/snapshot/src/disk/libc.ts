import fs from 'node:fs';
import os from 'node:os';
import koffi from 'koffi';
import type { Raw } from '../raw.ts';

/**
 * The `*at` system calls that Node does not offer. Paths are always one name below an open
 * directory descriptor and links are never followed, so nothing that renames or links beside
 * us can lead a walk out of its tree. Names are bytes; times keep their nanoseconds.
 */

export type Fd = number;

/** A failed system call: `code` is ENOENT, EACCES … */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: string;

  constructor(call: string, errno: number, name: string) {
    const code = ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
    super(`${call} ${JSON.stringify(name)}: ${code}`);
    this.code = code;
  }
}

const ERRNO_NAMES = new Map(Object.entries(os.constants.errno).map(([name, number]) => [number, name]));

export type StatKind = 'file' | 'directory' | 'symlink' | 'other';

export interface Stat {
  kind: StatKind;
  /** 12 permission bits. */
  mode: number;
  size: number;
  inode: number;
  /** Hard links. */
  links: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  ctimeSeconds: number;
  ctimeNanoseconds: number;
}

const libc = koffi.load(process.platform === 'linux' ? 'libc.so.6' : 'libc.dylib');
const call = {
  openat: libc.func('int openat(int dirfd, const void *path, int flags, uint32_t mode)'),
  statx: libc.func('int statx(int dirfd, const void *path, int flags, unsigned int mask, void *out)'),
  mkdirat: libc.func('int mkdirat(int dirfd, const void *path, uint32_t mode)'),
  unlinkat: libc.func('int unlinkat(int dirfd, const void *path, int flags)'),
  renameat2: libc.func('int renameat2(int fromfd, const void *from, int tofd, const void *to, unsigned int flags)'),
  symlinkat: libc.func('int symlinkat(const void *target, int dirfd, const void *path)'),
  readlinkat: libc.func('intptr_t readlinkat(int dirfd, const void *path, void *out, uintptr_t size)'),
  utimensat: libc.func('int utimensat(int dirfd, const void *path, const void *times, int flags)'),
  futimens: libc.func('int futimens(int fd, const void *times)'),
  syncfs: libc.func('int syncfs(int fd)'),
};

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const AT_REMOVEDIR = 0x200;
const RENAME_NOREPLACE = 1;
/** type, mode, nlink, mtime, ctime, ino, size. */
const STATX_MASK = 0x1 | 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200;
const O_CLOEXEC = 0o2000000;
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

const MAX_PATH = 4096;
const pathA = Buffer.alloc(MAX_PATH + 1);
const pathB = Buffer.alloc(MAX_PATH + 1);
const linkOut = Buffer.alloc(MAX_PATH + 1);
const times = Buffer.alloc(32);
const statOut = Buffer.alloc(256);
const NOTHING = Buffer.alloc(1);

function cString(scratch: Buffer, text: Raw): Buffer {
  if (text.length > MAX_PATH || text.includes('\0'))
    throw new DiskError('path', os.constants.errno.ENAMETOOLONG, text.slice(0, 100));
  scratch[scratch.write(text, 0, 'latin1')] = 0;
  return scratch;
}

function check(result: number, name: string, text: Raw): number {
  if (result < 0) throw new DiskError(name, koffi.errno(), text);
  return result;
}

/** Opens a path given by a trusted caller (never one made of workspace names). Links are followed. */
export function openRoot(path: string): Fd {
  return fs.openSync(path, O_RDONLY | O_DIRECTORY);
}

/** @throws DiskError; ELOOP or ENOTDIR if `name` is a link or no directory. */
export function openDirectory(parent: Fd, name: Raw): Fd {
  return openAt(parent, name, O_RDONLY | O_DIRECTORY);
}

/** Opens without following a link and without blocking on a FIFO. */
export function openAt(parent: Fd, name: Raw, flags: number, mode = 0o600): Fd {
  const fd = call.openat(parent, cString(pathA, name), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode) as number;
  return check(fd, 'open', name);
}

export function close(fd: Fd): void {
  fs.closeSync(fd);
}

/** Names in a directory, without . and .., in no order. */
export function listNames(directory: Fd): Raw[] {
  return fs.readdirSync(`/proc/self/fd/${directory}`, { encoding: 'latin1' }) as Raw[];
}

/** Attributes of an entry itself, null when there is none. */
export function statAt(parent: Fd, name: Raw): Stat | null {
  const result = call.statx(parent, cString(pathA, name), AT_SYMLINK_NOFOLLOW, STATX_MASK, statOut) as number;
  if (result < 0) {
    const errno = koffi.errno();
    if (errno === os.constants.errno.ENOENT || errno === os.constants.errno.ENOTDIR) return null;
    throw new DiskError('stat', errno, name);
  }
  return readStat();
}

export function statFd(fd: Fd): Stat {
  check(call.statx(fd, NOTHING, AT_EMPTY_PATH, STATX_MASK, statOut) as number, 'stat', '' as Raw);
  return readStat();
}

/** struct statx, the same on every architecture (statx(2)). */
function readStat(): Stat {
  const type = statOut.readUInt16LE(28);
  return {
    kind: kindOf(type),
    mode: type & 0o7777,
    links: statOut.readUInt32LE(16),
    inode: uint64(32),
    size: uint64(40),
    ctimeSeconds: int64(96),
    ctimeNanoseconds: statOut.readUInt32LE(104),
    mtimeSeconds: int64(112),
    mtimeNanoseconds: statOut.readUInt32LE(120),
  };
}

function kindOf(type: number): StatKind {
  switch (type & 0o170000) {
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'directory';
    case 0o120000:
      return 'symlink';
    default:
      return 'other';
  }
}

const uint64 = (at: number): number => statOut.readUInt32LE(at) + statOut.readUInt32LE(at + 4) * 2 ** 32;
const int64 = (at: number): number => statOut.readUInt32LE(at) + statOut.readInt32LE(at + 4) * 2 ** 32;

export function makeDirectory(parent: Fd, name: Raw, mode = 0o700): void {
  check(call.mkdirat(parent, cString(pathA, name), mode) as number, 'mkdir', name);
}

export function removeFile(parent: Fd, name: Raw): void {
  check(call.unlinkat(parent, cString(pathA, name), 0) as number, 'unlink', name);
}

/** @throws DiskError ENOTEMPTY when something is left in it. */
export function removeDirectory(parent: Fd, name: Raw): void {
  check(call.unlinkat(parent, cString(pathA, name), AT_REMOVEDIR) as number, 'rmdir', name);
}

/** Moves an entry. With `replace` false, an existing target is EEXIST. */
export function rename(from: Fd, fromName: Raw, to: Fd, toName: Raw, options: { replace: boolean }): void {
  const flags = options.replace ? 0 : RENAME_NOREPLACE;
  check(
    call.renameat2(from, cString(pathA, fromName), to, cString(pathB, toName), flags) as number,
    'rename',
    fromName,
  );
}

export function makeSymlink(target: Raw, parent: Fd, name: Raw): void {
  check(call.symlinkat(cString(pathA, target), parent, cString(pathB, name)) as number, 'symlink', name);
}

export function readSymlink(parent: Fd, name: Raw): Raw {
  const length = check(Number(call.readlinkat(parent, cString(pathA, name), linkOut, MAX_PATH)), 'readlink', name);
  return linkOut.toString('latin1', 0, length) as Raw;
}

export interface Mtime {
  mtimeSeconds: number;
  mtimeNanoseconds: number;
}

/** Sets the mtime of an entry itself, also of a link; atime becomes the same. */
export function setMtime(parent: Fd, name: Raw, mtime: Mtime): void {
  check(call.utimensat(parent, cString(pathA, name), timesOf(mtime), AT_SYMLINK_NOFOLLOW) as number, 'utimens', name);
}

/** Sets the mtime of what an open descriptor stands for. */
export function setMtimeFd(fd: Fd, mtime: Mtime): void {
  check(call.futimens(fd, timesOf(mtime)) as number, 'utimens', '' as Raw);
}

function timesOf({ mtimeSeconds, mtimeNanoseconds }: Mtime): Buffer {
  const high = Math.floor(mtimeSeconds / 2 ** 32);
  for (const at of [0, 16]) {
    times.writeUInt32LE(mtimeSeconds - high * 2 ** 32, at);
    times.writeInt32LE(high, at + 4);
    times.writeUInt32LE(mtimeNanoseconds, at + 8);
    times.writeUInt32LE(0, at + 12);
  }
  return times;
}

/** Resolves when everything written to the file system of `fd` is on the medium; blocks no thread of ours. */
export async function syncFileSystem(fd: Fd): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  call.syncfs.async(fd, (error: Error | null, result: number) => {
    if (error === null && result === 0) resolve();
    else reject(error ?? new DiskError('syncfs', os.constants.errno.EIO, ''));
  });
  return await promise;
}
