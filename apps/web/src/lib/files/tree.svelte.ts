import type { DirectoryEntry, RoseError } from '@rose/contract';
import { foldersAbove, joinPath, nameOf } from '#lib/paths.ts';
import { Folder } from './folder.svelte.ts';
import type { FileSource } from './source.ts';

/** Rows of one directory that are shown before somebody asks for more. */
const PAGE = 500;

/** One line of the tree. */
export type Row = { key: string; level: number } & (
  | { kind: 'entry'; path: string; entry: DirectoryEntry; folder: Folder | null; place: number; of: number }
  | { kind: 'loading' }
  | { kind: 'empty' }
  | { kind: 'failure'; folder: Folder; failure: RoseError }
  | { kind: 'more'; folder: Folder; left: number | null }
);

/** The directories of a source, opened as far as the reader has gone. */
export class Tree {
  readonly source: FileSource;
  readonly root: Folder;
  /** How many rows of a directory are shown, where that is more than a page. */
  readonly #shown = $state<Record<string, number>>({});
  readonly #closed = new AbortController();

  constructor(source: FileSource) {
    this.source = source;
    this.root = new Folder(source, '');
  }

  rows: Row[] = $derived.by(() => this.#rowsOf(this.root, 1));

  /** Opens the root and all directories above `path`; tells the entry there, if it is one. */
  async reveal(path: string): Promise<DirectoryEntry | null> {
    const { signal } = this.#closed;
    let folder = this.root;
    await folder.open(signal);
    for (const above of foldersAbove(path)) {
      const child = folder.child(nameOf(above));
      if (child === null) return null;
      folder = child;
      await folder.open(signal);
    }
    return folder.entries.find(({ name }) => name === nameOf(path)) ?? null;
  }

  toggle = async (folder: Folder): Promise<void> => {
    if (folder.isOpen) folder.isOpen = false;
    else await folder.open(this.#closed.signal);
  };

  /** Looks again at all that is open. */
  reload = (): Promise<void> => this.root.reload(this.#closed.signal);

  retry = (folder: Folder): Promise<void> => folder.more(this.#closed.signal);

  showMore = async (folder: Folder): Promise<void> => {
    const shown = (this.#shown[folder.path] ?? PAGE) + PAGE;
    this.#shown[folder.path] = shown;
    if (shown > folder.entries.length && folder.next !== null) await folder.more(this.#closed.signal);
  };

  /** Drops what is under way. */
  close(): void {
    this.#closed.abort();
  }

  #rowsOf(folder: Folder, level: number): Row[] {
    const { entries, path: at, failure, isLoading, next } = folder;
    const shown = entries.slice(0, this.#shown[at] ?? PAGE);
    const rows = shown.flatMap((entry, i): Row[] => {
      const path = joinPath(at, entry.name);
      const child = folder.child(entry.name);
      const row: Row = {
        kind: 'entry',
        key: path,
        level,
        path,
        entry,
        folder: child,
        place: i + 1,
        of: entries.length,
      };
      return child?.isOpen ? [row, ...this.#rowsOf(child, level + 1)] : [row];
    });
    // A name never ends in "/", so these keys are no entry's.
    const last = { key: `${at}/`, level };
    if (failure !== null) return [...rows, { ...last, kind: 'failure', folder, failure }];
    if (isLoading && entries.length === 0) return [...rows, { ...last, kind: 'loading' }];
    if (shown.length < entries.length || typeof next === 'string') {
      return [...rows, { ...last, kind: 'more', folder, left: next === null ? entries.length - shown.length : null }];
    }
    return entries.length === 0 && next === null ? [{ ...last, kind: 'empty' }] : rows;
  }
}
