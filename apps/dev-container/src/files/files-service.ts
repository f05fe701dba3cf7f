import type { DirectoryEntry } from '@rose/contract';
import { joinRaw, splitRaw, toText, type Raw } from '@rose/snapshot';
import {
  close,
  listNames,
  makeDirectory,
  removeDirectory,
  removeFile,
  rename,
  statAt,
  statFd,
  type Fd,
} from '@rose/snapshot/disk';
import { refused } from '../failures.ts';
import type { Workspace } from '../workspace.ts';
import { diskCode, fromDisk, missing, onDisk, quote } from './disk-failures.ts';
import { directoryEntry } from './entries.ts';
import { locate, openDirectoryAt } from './locate.ts';
import type { Trash } from './trash.ts';

const DIRECTORY_MODE = 0o755;

export interface ListedDirectory {
  /** Sorted by the bytes of the names. */
  entries: DirectoryEntry[];
  /** `cursor` of the next page; null on the last. */
  next: string | null;
}

/** The directory tree of the workspace: what works on names rather than content. */
export class FilesService {
  readonly #workspace: Workspace;
  readonly #trash: Trash;

  constructor(workspace: Workspace, trash: Trash) {
    this.#workspace = workspace;
    this.#trash = trash;
  }

  /**
   * One page of a directory. An entry that vanishes meanwhile is left out.
   * @param cursor name after which the page begins; '' = the beginning
   */
  list(path: Raw, cursor: Raw, limit: number): ListedDirectory {
    return this.#within((root) => {
      const directory = openDirectoryAt(root, path);
      try {
        const names = onDisk(path, () => listNames(directory))
          .filter((name) => name > cursor)
          .toSorted();
        const page = names.slice(0, limit);
        const entries = page.flatMap((name) => {
          const stat = statAt(directory, name);
          return stat === null ? [] : [directoryEntry(name, stat)];
        });
        return { entries, next: names.length > limit ? toText(page.at(-1)!) : null };
      } finally {
        close(directory);
      }
    });
  }

  /** An entry itself, also when it is a link; the root has the name ''. */
  stat(path: Raw): DirectoryEntry {
    return this.#within((root) => {
      if (path === '') return directoryEntry('' as Raw, statFd(root));
      using at = locate(root, path);
      const stat = onDisk(path, () => statAt(at.parent, at.name));
      if (stat === null) throw missing(path);
      return directoryEntry(at.name, stat);
    });
  }

  /** @param recursive make missing parents too, and take an existing directory for success */
  makeDirectory(path: Raw, recursive: boolean): void {
    this.#within((root) => {
      if (!recursive) {
        using at = locate(root, path);
        onDisk(path, () => makeDirectory(at.parent, at.name, DIRECTORY_MODE));
        return;
      }
      let made = '' as Raw;
      for (const name of splitRaw(path)) {
        made = joinRaw(made, name);
        using at = locate(root, made);
        makeUnlessThere(at.parent, at.name, made);
      }
      // What was there already may be a file or a link.
      close(openDirectoryAt(root, path));
    });
  }

  /** Moves an entry; a link is moved itself. An existing target stays unless `overwrite`. */
  rename(from: Raw, to: Raw, overwrite: boolean): void {
    this.#within((root) => {
      using source = locate(root, from);
      using target = locate(root, to);
      if (statAt(source.parent, source.name) === null) throw missing(from);
      try {
        rename(source.parent, source.name, target.parent, target.name, { replace: overwrite });
      } catch (error) {
        if (diskCode(error) === 'EINVAL') throw refused('to', `${quote(from)} cannot be moved into itself.`);
        throw fromDisk(error, to);
      }
    });
  }

  /** Removes an entry; a link itself, never what it points to. */
  delete(path: Raw, recursive: boolean): void {
    this.#within((root) => {
      using at = locate(root, path);
      const stat = onDisk(path, () => statAt(at.parent, at.name));
      if (stat === null) throw missing(path);
      if (stat.kind !== 'directory') onDisk(path, () => removeFile(at.parent, at.name));
      else if (recursive) onDisk(path, () => this.#trash.take(at.parent, at.name));
      else onDisk(path, () => removeDirectory(at.parent, at.name));
    });
  }

  #within<T>(deed: (root: Fd) => T): T {
    const root = this.#workspace.open();
    try {
      return deed(root);
    } finally {
      close(root);
    }
  }
}

function makeUnlessThere(parent: Fd, name: Raw, path: Raw): void {
  try {
    makeDirectory(parent, name, DIRECTORY_MODE);
  } catch (error) {
    if (diskCode(error) !== 'EEXIST') throw fromDisk(error, path);
  }
}
