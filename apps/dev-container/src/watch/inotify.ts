import fs from 'node:fs';
import os from 'node:os';
import { RoseError } from '@rose/contract';
import type { Raw } from '@rose/snapshot';
import { DiskError, type Fd } from '@rose/snapshot/disk';
import koffi from 'koffi';

/**
 * inotify(7), which Node does not offer: its own fs.watch keeps silent when the kernel's queue overflows, so nobody
 * could say that changes were lost. One instance, read when its owner asks, watches any number of directories.
 */

export const EVENT = {
  MODIFY: 0x2,
  ATTRIB: 0x4,
  MOVED_FROM: 0x40,
  MOVED_TO: 0x80,
  CREATE: 0x100,
  DELETE: 0x200,
  DELETE_SELF: 0x400,
  MOVE_SELF: 0x800,
  OVERFLOW: 0x4000,
  IGNORED: 0x8000,
  IS_DIRECTORY: 0x4000_0000,
} as const;

const { MODIFY, ATTRIB, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF } = EVENT;
const ONLYDIR = 0x100_0000;
/** No more events of files that were unlinked but are still open. */
const EXCL_UNLINK = 0x400_0000;
const MASK =
  MODIFY | ATTRIB | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF | ONLYDIR | EXCL_UNLINK;

const HEADER_BYTES = 16;
const { EMFILE, ENFILE, ENOSPC, ENOMEM } = os.constants.errno;

export interface WatchEvent {
  /** Of the directory, as `add` told it. */
  watch: number;
  mask: number;
  /** Of the entry; '' for the directory itself. */
  name: Raw;
}

function load() {
  if (process.platform !== 'linux') throw new RoseError('RUNTIME_UNAVAILABLE', 'Files can be watched on Linux only.');
  const libc = koffi.load('libc.so.6');
  return {
    init: libc.func('int inotify_init1(int flags)'),
    add: libc.func('int inotify_add_watch(int fd, const char *path, uint32_t mask)'),
    remove: libc.func('int inotify_rm_watch(int fd, int watch)'),
  };
}

let calls: ReturnType<typeof load> | null = null;

export class Inotify implements Disposable {
  readonly #calls = (calls ??= load());
  readonly #fd: Fd;
  readonly #buffer = Buffer.alloc(64 * 1024);

  /** @throws RoseError LIMIT_EXCEEDED, RUNTIME_UNAVAILABLE */
  constructor() {
    const { O_NONBLOCK } = fs.constants;
    const O_CLOEXEC = 0o2000000;
    this.#fd = this.#calls.init(O_NONBLOCK | O_CLOEXEC) as number;
    if (this.#fd < 0) throw refusal(koffi.errno(), 'fs.inotify.max_user_instances');
  }

  /**
   * Watches an open directory, whatever becomes of the descriptor.
   * @returns its number; the same again for a directory that is watched
   * @throws RoseError LIMIT_EXCEEDED; DiskError
   */
  add(directory: Fd): number {
    const watch = this.#calls.add(this.#fd, `/proc/self/fd/${directory}`, MASK) as number;
    if (watch < 0) throw refusal(koffi.errno(), 'fs.inotify.max_user_watches');
    return watch;
  }

  /** Of one that is gone by itself nothing is left to remove. */
  remove(watch: number): void {
    this.#calls.remove(this.#fd, watch);
  }

  /** What has happened since the last call, at most as much as one buffer holds. */
  read(): WatchEvent[] {
    let length: number;
    try {
      length = fs.readSync(this.#fd, this.#buffer);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return [];
      throw error;
    }
    const events: WatchEvent[] = [];
    for (let at = 0; at < length;) {
      const nameBytes = this.#buffer.readUInt32LE(at + 12);
      const name = this.#buffer.toString('latin1', at + HEADER_BYTES, at + HEADER_BYTES + nameBytes);
      const cut = name.indexOf('\0');
      events.push({
        watch: this.#buffer.readInt32LE(at),
        mask: this.#buffer.readUInt32LE(at + 4),
        name: (cut < 0 ? name : name.slice(0, cut)) as Raw,
      });
      at += HEADER_BYTES + nameBytes;
    }
    return events;
  }

  [Symbol.dispose](): void {
    fs.closeSync(this.#fd);
  }
}

function refusal(errno: number, limit: string): Error {
  if (![EMFILE, ENFILE, ENOSPC, ENOMEM].includes(errno)) return new DiskError('inotify', errno, '');
  const message = `The system lets nobody watch more directories here (${limit}). Watch fewer, or exclude some.`;
  return new RoseError('LIMIT_EXCEEDED', message, { limit, value: 0, allowed: 0 });
}
