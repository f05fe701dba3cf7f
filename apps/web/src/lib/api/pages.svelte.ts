import { Deed } from './deed.svelte.ts';
import { Resource } from './resource.svelte.ts';

/** A list that is told page by page: the first page is fetched anew, each next one is added to those before it. */
export class Pages<P extends { next: number | null }> {
  readonly list: Resource<P>;
  /** Adds the next page; does nothing at the end. */
  readonly more: Deed<[]>;
  readonly #closed = new AbortController();

  /**
   * @param fetch gives the page that begins where the last one said; undefined: the first
   * @param join the pages so far and the next one as one
   */
  constructor(fetch: (from: number | undefined, signal: AbortSignal) => Promise<P>, join: (known: P, page: P) => P) {
    this.list = new Resource((signal) => fetch(undefined, signal));
    this.more = new Deed(async () => {
      const known = this.list.value;
      if (known === undefined || known.next === null) return;
      const page = await fetch(known.next, this.#closed.signal);
      // Where the list was asked for anew meanwhile, this is a page of an older one.
      if (this.list.value === known && !this.list.isLoading) this.list.set(join(known, page));
    });
  }

  get hasMore(): boolean {
    return (this.list.value?.next ?? null) !== null;
  }

  /** Drops what is under way. */
  close(): void {
    this.list.stop();
    this.#closed.abort();
  }
}
