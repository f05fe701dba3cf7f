import type { SearchMode, SearchOrder, SearchPiece } from '@rose/contract';
import { close } from '@rose/snapshot/disk';
import { runSearch, SearchLimit } from '@rose/snapshot/search';
import type { Workspace } from '../workspace.ts';
import type { WorkspaceSearch } from './search-thread.ts';

/** The thread as a file beside this one: bundled, or as source. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './search-thread.ts' : './search-thread.mjs', import.meta.url);

/** Searches the live workspace as it is found on disk. */
export class SearchService {
  readonly #workspace: Workspace;
  readonly #limit = new SearchLimit();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** @throws RoseError BUSY, CANCELLED, NEEDS_ATTENTION */
  async *search<M extends SearchMode>(
    mode: M,
    order: SearchOrder,
    signal: AbortSignal,
  ): AsyncGenerator<SearchPiece<M>> {
    using _ = this.#limit.begin(0);
    const data: WorkspaceSearch = { root: this.#workspace.open() };
    try {
      yield* runSearch({ entry: ENTRY, data, mode, order, signal });
    } finally {
      close(data.root);
    }
  }
}
