import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Raw } from '@rose/snapshot';
import {
  close,
  DiskError,
  makeDirectory,
  openDirectory,
  openRoot,
  removeTree,
  statAt,
  type Fd,
} from '@rose/snapshot/disk';
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
    mkdirSync(home, { recursive: true });
    const root = openRoot(home);
    try {
      // What is there in the tree's place stays: somebody has to look at it.
      makeUnlessThere(root, WORKSPACE, 0o755);
      if (statAt(root, OWN)?.kind !== 'directory') removeTree(root, OWN);
      makeUnlessThere(root, OWN, 0o700);
    } finally {
      close(root);
    }
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
    const own = this.#open(OWN, 0o700);
    try {
      makeUnlessThere(own, room as Raw, 0o700);
      return openDirectory(own, room as Raw);
    } finally {
      close(own);
    }
  }

  /** @param makeWith mode with which it is made when it is missing; undefined = never */
  #open(name: Raw, makeWith?: number): Fd {
    const home = openRoot(this.home);
    try {
      if (makeWith !== undefined) makeUnlessThere(home, name, makeWith);
      return openDirectory(home, name);
    } catch (cause) {
      throw new RoseError('NEEDS_ATTENTION', `${name}/ in the container is no directory any more.`, {}, { cause });
    } finally {
      close(home);
    }
  }
}

function makeUnlessThere(parent: Fd, name: Raw, mode: number): void {
  try {
    makeDirectory(parent, name, mode);
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'EEXIST') throw error;
  }
}
