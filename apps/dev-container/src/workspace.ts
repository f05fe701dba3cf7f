import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Raw } from '@rose/snapshot';
import { close, DiskError, makeDirectory, openDirectory, openRoot, type Fd } from '@rose/snapshot/disk';
import { RoseError } from '@rose/contract';

const WORKSPACE = 'workspace' as Raw;
const OWN = '.rose' as Raw;

/** The directories of this container: the versioned tree, and the agent's own beside it. */
export class Workspace {
  readonly home: string;
  /** Absolute path of the versioned tree. */
  readonly path: string;
  /** Absolute path of what belongs to the agent; on the same file system. */
  readonly own: string;

  constructor(home: string) {
    this.home = home;
    this.path = join(home, WORKSPACE);
    this.own = join(home, OWN);
    mkdirSync(this.path, { recursive: true });
    mkdirSync(this.own, { recursive: true, mode: 0o700 });
  }

  /**
   * Opens the tree's root; the caller closes it.
   * @throws RoseError NEEDS_ATTENTION when code in the container replaced it by something else.
   */
  open(): Fd {
    return this.#open(WORKSPACE);
  }

  /** Opens `.rose/ROOM`, made when it is missing; the caller closes it. */
  openOwn(room: string): Fd {
    const own = this.#open(OWN);
    try {
      try {
        makeDirectory(own, room as Raw);
      } catch (error) {
        if (!(error instanceof DiskError) || error.code !== 'EEXIST') throw error;
      }
      return openDirectory(own, room as Raw);
    } finally {
      close(own);
    }
  }

  #open(name: Raw): Fd {
    const home = openRoot(this.home);
    try {
      return openDirectory(home, name);
    } catch (cause) {
      throw new RoseError('NEEDS_ATTENTION', `${name}/ in the container is no directory any more.`, {}, { cause });
    } finally {
      close(home);
    }
  }
}
