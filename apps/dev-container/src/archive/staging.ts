import { randomUUID } from 'node:crypto';
import { constants, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RoseError } from '@rose/contract';
import type { Raw } from '@rose/snapshot';
import { close, listNames, makeDirectory, openAt, openDirectory, type Fd } from '@rose/snapshot/disk';
import { isFull, noSpace } from '../files/disk-failures.ts';
import { openDirectoryAt } from '../files/locate.ts';
import { freeBytes } from '../files/space.ts';
import type { Trash } from '../files/trash.ts';
import { log } from '../log.ts';
import type { Workspace } from '../workspace.ts';
import { readJournal, undoMerge } from './merge.ts';

const ROOM = 'archive';
const ZIP = 'body.zip' as Raw;
const writeAsync = promisify(write);

/** A directory of its own below `.rose/archive/`; thrown away when disposed. */
export class Staging implements Disposable {
  readonly fd: Fd;
  readonly #trash: Trash;
  readonly #room: Fd;
  readonly #name = randomUUID() as string as Raw;
  readonly #path: string;

  constructor(workspace: Workspace, trash: Trash) {
    this.#trash = trash;
    this.#room = workspace.openOwn(ROOM);
    makeDirectory(this.#room, this.#name);
    this.fd = openDirectory(this.#room, this.#name);
    this.#path = join(workspace.own, ROOM, this.#name);
  }

  /** Absolute path of where the tree is unpacked. */
  get tree(): string {
    return join(this.#path, 'tree');
  }

  /**
   * Stores the bytes of a zip.
   * @returns its absolute path
   * @throws RoseError TOO_LARGE, NO_SPACE
   */
  async receive(content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
    const fd = openAt(this.fd, ZIP, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
    let size = 0;
    try {
      for await (const chunk of content) {
        if (size + chunk.length > maxBytes)
          throw new RoseError('TOO_LARGE', `The zip is larger than ${maxBytes} bytes.`);
        for (let at = 0; at < chunk.length;) {
          const { bytesWritten } = await writeAsync(fd, chunk, at, chunk.length - at, size);
          at += bytesWritten;
          size += bytesWritten;
        }
      }
    } catch (error) {
      if (isFull(error)) throw noSpace(size, await freeBytes(this.#path));
      throw error;
    } finally {
      close(fd);
    }
    return join(this.#path, ZIP);
  }

  [Symbol.dispose](): void {
    close(this.fd);
    this.#trash.take(this.#room, this.#name);
    close(this.#room);
  }
}

/** Undoes the merges that a killed agent left half done, and throws all staging away. */
export function recoverStaging(workspace: Workspace, trash: Trash): void {
  const room = workspace.openOwn(ROOM);
  try {
    for (const name of listNames(room)) {
      try {
        undoHalfDone(workspace, room, name);
        trash.take(room, name);
      } catch (error) {
        log('error', 'a half done unzip could not be undone; it is kept', { name, error: String(error) });
      }
    }
  } finally {
    close(room);
  }
}

function undoHalfDone(workspace: Workspace, room: Fd, name: Raw): void {
  const stage = openDirectory(room, name);
  try {
    const journal = readJournal(stage);
    if (journal === null) return;
    const root = workspace.open();
    try {
      const target = openDirectoryAt(root, journal.path);
      try {
        undoMerge(stage, target, journal.steps);
      } finally {
        close(target);
      }
    } finally {
      close(root);
    }
  } finally {
    close(stage);
  }
}
