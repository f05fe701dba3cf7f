import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Raw } from '@rose/snapshot';
import {
  close,
  listNames,
  openWritable,
  removeDirectory,
  removeFile,
  rename,
  statAt,
  type Fd,
} from '@rose/snapshot/disk';
import { log } from '../log.ts';
import type { Workspace } from '../workspace.ts';
import { diskCode } from './disk-failures.ts';

const ROOM = 'trash';
/** Entries removed before other calls get their turn. */
const SLICE = 200;

/**
 * What was deleted goes here in one rename, so a large tree is gone at once, and is removed
 * in the background. What is left when the agent is killed goes at the next start.
 */
export class Trash {
  readonly #workspace: Workspace;
  #emptying: Promise<void> | null = null;
  /** Something may have come since the emptying that runs looked last. */
  #isWanted = false;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /**
   * Takes an entry away.
   * @throws DiskError
   */
  take(parent: Fd, name: Raw): void {
    const trash = this.#workspace.openOwn(ROOM);
    try {
      moveAway(parent, name, trash);
    } finally {
      close(trash);
    }
    void this.empty();
  }

  /** Removes what is in the trash; resolves when it is empty. */
  empty(): Promise<void> {
    this.#isWanted = true;
    this.#emptying ??= this.#run();
    return this.#emptying;
  }

  async #run(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false;
      try {
        await this.#removeAll();
      } catch (error) {
        log('warn', 'the trash could not be emptied', { error: String(error) });
      }
    }
    this.#emptying = null;
  }

  async #removeAll(): Promise<void> {
    const trash = this.#workspace.openOwn(ROOM);
    try {
      for (let names = listNames(trash); names.length > 0; names = listNames(trash)) {
        let count = 0;
        for (const name of names) {
          for (const _ of removeEntry(trash, name)) if (++count % SLICE === 0) await setImmediate();
        }
      }
    } finally {
      close(trash);
    }
  }
}

/**
 * Removes an entry of the trash; directories below it become entries of the trash first, so
 * depth costs neither stack nor descriptors. Yields after each step.
 */
function* removeEntry(trash: Fd, name: Raw): Generator<void> {
  if (statAt(trash, name)?.kind !== 'directory') {
    removeFile(trash, name);
    return;
  }
  const directory = openWritable(trash, name);
  try {
    for (const child of listNames(directory)) {
      if (statAt(directory, child)?.kind === 'directory') {
        close(openWritable(directory, child));
        rename(directory, child, trash, freshName(), { replace: false });
      } else {
        removeFile(directory, child);
      }
      yield;
    }
  } finally {
    close(directory);
  }
  removeDirectory(trash, name);
  yield;
}

/** A directory that may not be written to cannot be moved either. */
function moveAway(parent: Fd, name: Raw, trash: Fd): void {
  try {
    rename(parent, name, trash, freshName(), { replace: false });
  } catch (error) {
    if (diskCode(error) !== 'EACCES') throw error;
    close(openWritable(parent, name));
    rename(parent, name, trash, freshName(), { replace: false });
  }
}

const freshName = (): Raw => randomUUID() as string as Raw;
