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
  readonly #children = new Map<string, Folder>();

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
    if (this.isLoading) return;
    this.isLoading = true;
    this.failure = null;
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
      const page = await this.#source.list(this.path, this.next ?? '', deadline);
      for (const { name, kind } of page.entries) {
        if (kind === 'directory') this.#children.set(name, new Folder(this.#source, joinPath(this.path, name)));
      }
      this.entries = [...this.entries, ...page.entries].toSorted(inOrder);
      this.next = page.next;
    } catch (error) {
      this.failure = afterFailure(error);
    } finally {
      this.isLoading = false;
    }
  }
}

function inOrder(a: DirectoryEntry, b: DirectoryEntry): number {
  const rank = Number(b.kind === 'directory') - Number(a.kind === 'directory');
  return rank || names.compare(a.name, b.name);
}
