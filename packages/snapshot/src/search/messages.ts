import type { ErrorBody, SearchHits, SearchMode, SearchOrder } from '@rose/contract';

/** What the main thread gives a search's thread, beside where to search. */
export interface SearchData {
  mode: SearchMode;
  order: SearchOrder;
  flow: SharedArrayBuffer;
}

/** Thread → main thread; `done` and `failed` come last. */
export type FromSearch<M extends SearchMode = SearchMode> =
  | { answer: 'hits'; hits: SearchHits[M][] }
  | { answer: 'done'; truncated: boolean }
  | { answer: 'failed'; error: ErrorBody };

/**
 * What both threads see, an Int32Array: whether to give up, hits that the main thread has not
 * taken yet, and how far the search is, which a thread that hangs could not tell.
 */
export const FLOW = { cancelled: 0, outstanding: 1, files: 2, binary: 3, large: 4, unreadable: 5 } as const;
export const FLOW_BYTES = 6 * Int32Array.BYTES_PER_ELEMENT;
