import type { DirectoryEntry, RoseError } from '@rose/contract';
import { afterFailure } from '#lib/api/after-failure.ts';
import { joinPath } from '#lib/paths.ts';
import type { FileSource } from './source.ts';

const DEADLINE_MS = 180_000;
const names = new Intl.Collator('en', { numeric: true });

/** A directory of a tree, with as many of its entries as were asked for. */
export class Folder {
  readonly path: string;
  isOpen = $state(false);
  isLoading = $state(false);
  failure = $state.raw<RoseError | null>(null);
  /** Directories first. */
  entries = $state.raw<DirectoryEntry[]>([]);
  /** Where the next page begins; null when all are there; undefined before the first. */
  next = $state.raw<string | null>();
  readonly #source: FileSource;
  #children = new Map<string, Folder>();
  /** How many fetches were begun: only the last one counts. */
  #fetches = 0;

  constructor(source: FileSource, path: string) {
    this.#source = source;
    this.path = path;
  }

  /** The directory of this name; null when it is none, or not known yet. */
  child(name: string): Folder | null {
    return this.#children.get(name) ?? null;
  }

  async open(signal: AbortSignal): Promise<void> {
    this.isOpen = true;
    if (this.next === undefined) await this.more(signal);
  }

  /** Fetches the next page. Never throws: see `failure`. */
  async more(signal: AbortSignal): Promise<void> {
    if (!this.isLoading) await this.#fetch(this.next ?? '', signal);
  }

  /** Looks again: here from the beginning, below in what is open; what is closed is forgotten. */
  async reload(signal: AbortSignal): Promise<void> {
    if (this.isOpen) {
      await this.#fetch('', signal);
      await Promise.all(Array.from(this.#children.values(), (child) => child.reload(signal)));
    } else {
      this.entries = [];
      this.next = undefined;
      this.#children.clear();
    }
  }

  async #fetch(cursor: string, signal: AbortSignal): Promise<void> {
    const fetch = ++this.#fetches;
    this.isLoading = true;
    this.failure = null;
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
      const page = await this.#source.list(this.path, cursor, deadline);
      if (fetch !== this.#fetches) return;
      const before = cursor === '' ? [] : this.entries;
      this.#adopt([...before, ...page.entries]);
      this.next = page.next;
    } catch (error) {
      if (fetch === this.#fetches) this.failure = afterFailure(error);
    } finally {
      if (fetch === this.#fetches) this.isLoading = false;
    }
  }

  #adopt(entries: DirectoryEntry[]): void {
    const folders = entries.filter(({ kind }) => kind === 'directory');
    // Made here and not where they are shown: Svelte follows no state that is made while it is read.
    this.#children = new Map(
      folders.map(({ name }) => [name, this.child(name) ?? new Folder(this.#source, joinPath(this.path, name))]),
    );
    this.entries = entries.toSorted(inOrder);
  }
}

function inOrder(a: DirectoryEntry, b: DirectoryEntry): number {
  const rank = Number(b.kind === 'directory') - Number(a.kind === 'directory');
  return rank || names.compare(a.name, b.name);
}
