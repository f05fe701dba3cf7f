import { readdirSync, type Dirent } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { RoseError, type FileChange } from '@rose/contract';
import { joinRaw, toText, type Raw } from '@rose/snapshot';
import { close, DiskError, type Fd } from '@rose/snapshot/disk';
import { openDirectoryAt } from '../files/locate.ts';
import { EVENT, Inotify, type WatchEvent } from './inotify.ts';

/** A file system watched in depth: each directory is a watch of the kernel. */
const MAX_DIRECTORIES = 50_000;
/** After so many directories others have a turn. */
const STRIDE = 50;

interface Directory {
  path: Raw;
  watch: number;
  /** The directories in it that are watched. */
  below: Map<Raw, Directory>;
}

export interface WatchedTreeOptions {
  /** Opens the workspace; the tree closes it. */
  open: () => Fd;
  /** The directory to watch, '' for all. */
  path: Raw;
  /** Whether a path, and all below it, is left out. */
  excludes: (path: string) => boolean;
  tell: (path: Raw, kind: FileChange['kind'], isDirectory: boolean) => void;
}

/** A directory and all below it, whatever comes and goes there. Links are not followed. */
export class WatchedTree implements Disposable {
  readonly #options: WatchedTreeOptions;
  readonly #inotify = new Inotify();
  readonly #byWatch = new Map<number, Directory>();
  #root: Directory | null = null;

  constructor(options: WatchedTreeOptions) {
    this.#options = options;
  }

  /**
   * Watches all that is there. What changes from then on is found by `read`.
   * @throws RoseError LIMIT_EXCEEDED, NOT_FOUND, CONFLICT for a link, NEEDS_ATTENTION
   */
  async begin(signal: AbortSignal): Promise<void> {
    const { path } = this.#options;
    const root = this.#add(path, null);
    this.#root = root.directory;
    const pending = [...root.names.map((name) => ({ parent: root.directory, name }))];
    for (let count = 1; pending.length > 0 && !signal.aborted; count += 1) {
      const { parent, name } = pending.pop()!;
      const added = unlessGone(() => this.#add(joinRaw(parent.path, name), parent));
      if (added !== null) for (const below of added.names) pending.push({ parent: added.directory, name: below });
      if (count % STRIDE === 0) await breathe();
    }
  }

  /**
   * Tells what has changed since the last time, as far as so many reads hold it.
   * @returns false when the kernel lost events: then the tree must be watched anew
   * @throws RoseError NOT_FOUND when the directory itself is gone; LIMIT_EXCEEDED
   */
  read(mostReads: number): boolean {
    for (let count = 0; count < mostReads; count += 1) {
      const events = this.#inotify.read();
      for (const event of events) {
        if (event.mask & EVENT.OVERFLOW) return false;
        const directory = this.#byWatch.get(event.watch);
        if (directory !== undefined) this.#take(directory, event);
      }
      if (events.length === 0) break;
    }
    return true;
  }

  #take(directory: Directory, { mask, name, watch }: WatchEvent): void {
    if (mask & EVENT.IGNORED) return void this.#byWatch.delete(watch);
    if (name === '') {
      if (mask & (EVENT.DELETE_SELF | EVENT.MOVE_SELF) && directory === this.#root)
        throw new RoseError('NOT_FOUND', 'The directory that was watched is gone.', { what: 'directory' });
      return;
    }
    const path = joinRaw(directory.path, name);
    const isDirectory = (mask & EVENT.IS_DIRECTORY) !== 0;
    if (this.#options.excludes(toText(path))) return;
    if (mask & (EVENT.DELETE | EVENT.MOVED_FROM)) {
      this.#forget(directory, name);
      this.#options.tell(path, 'deleted', isDirectory);
    } else if (mask & (EVENT.CREATE | EVENT.MOVED_TO)) {
      this.#options.tell(path, 'created', isDirectory);
      if (isDirectory) this.#discover(directory, name);
    } else this.#options.tell(path, 'changed', isDirectory);
  }

  /** A directory that came: what it held before it was watched is told too. */
  #discover(parent: Directory, name: Raw): void {
    this.#forget(parent, name);
    const pending = [{ parent, name }];
    while (pending.length > 0) {
      const next = pending.pop()!;
      const path = joinRaw(next.parent.path, next.name);
      const added = unlessGone(() =>
        this.#add(path, next.parent, (entry, isDirectory) => this.#options.tell(entry, 'created', isDirectory)),
      );
      if (added !== null) for (const below of added.names) pending.push({ parent: added.directory, name: below });
    }
  }

  /** Watches one directory, then lists it: what comes in between is found twice rather than not at all. */
  #add(
    path: Raw,
    parent: Directory | null,
    found: (path: Raw, isDirectory: boolean) => void = () => {},
  ): { directory: Directory; names: Raw[] } {
    if (this.#byWatch.size >= MAX_DIRECTORIES) throw tooMany();
    const fd = this.#open(path);
    try {
      const directory: Directory = { path, watch: this.#inotify.add(fd), below: new Map() };
      this.#byWatch.set(directory.watch, directory);
      parent?.below.set(nameOf(path), directory);
      const names: Raw[] = [];
      for (const entry of list(fd)) {
        const name = entry.name as Raw;
        const below = joinRaw(path, name);
        if (this.#options.excludes(toText(below))) continue;
        found(below, entry.isDirectory());
        if (entry.isDirectory()) names.push(name);
      }
      return { directory, names };
    } finally {
      close(fd);
    }
  }

  #open(path: Raw): Fd {
    const root = this.#options.open();
    try {
      return openDirectoryAt(root, path);
    } finally {
      close(root);
    }
  }

  #forget(parent: Directory, name: Raw): void {
    const directory = parent.below.get(name);
    if (directory === undefined) return;
    parent.below.delete(name);
    const pending = [directory];
    while (pending.length > 0) {
      const { watch, below } = pending.pop()!;
      this.#inotify.remove(watch);
      this.#byWatch.delete(watch);
      pending.push(...below.values());
    }
  }

  [Symbol.dispose](): void {
    this.#inotify[Symbol.dispose]();
    this.#byWatch.clear();
  }
}

function list(directory: Fd): Dirent[] {
  return readdirSync(`/proc/self/fd/${directory}`, { encoding: 'latin1', withFileTypes: true });
}

/** null for a directory that went, or became something else, or was closed, before it could be watched. */
function unlessGone<T>(deed: () => T): T | null {
  try {
    return deed();
  } catch (error) {
    if (error instanceof DiskError || (error as NodeJS.ErrnoException).syscall !== undefined) return null;
    if (error instanceof RoseError && error.code !== 'LIMIT_EXCEEDED') return null;
    throw error;
  }
}

function nameOf(path: Raw): Raw {
  return path.slice(path.lastIndexOf('/') + 1) as Raw;
}

function tooMany(): RoseError {
  const details = { limit: 'watched directories', value: MAX_DIRECTORIES + 1, allowed: MAX_DIRECTORIES };
  return new RoseError('LIMIT_EXCEEDED', 'There are too many directories to watch; exclude some.', details);
}
