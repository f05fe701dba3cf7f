import { splitRaw, type Raw } from '../raw.ts';
import { close, DiskError, openDirectory, type Fd } from './libc.ts';

/**
 * Opens the directory at `path` below `root`, one name at a time and never through a link.
 * The caller closes the result; for the root itself it is a new descriptor too.
 * @throws DiskError
 */
export function openBeneath(root: Fd, path: Raw): Fd {
  let at = openDirectory(root, '.' as Raw);
  for (const name of splitRaw(path)) {
    const parent = at;
    try {
      at = openDirectory(parent, name);
    } finally {
      close(parent);
    }
  }
  return at;
}

/** Keeps the last directory open, since walks and operations come sorted by path. */
export class DirectoryCursor implements Disposable {
  readonly #root: Fd;
  #path: Raw | null = null;
  #fd: Fd = -1;

  constructor(root: Fd) {
    this.#root = root;
  }

  /** A descriptor that stays open until the next call. */
  at(path: Raw): Fd {
    if (this.#path === path) return this.#fd;
    this[Symbol.dispose]();
    this.#fd = openBeneath(this.#root, path);
    this.#path = path;
    return this.#fd;
  }

  [Symbol.dispose](): void {
    if (this.#path !== null) close(this.#fd);
    this.#path = null;
  }
}

/** Whether an error says that the thing is not there (any more). */
export function isGone(error: unknown): boolean {
  return error instanceof DiskError && (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ELOOP');
}
