import type { ErrorBody } from '@rose/contract';
import type { Raw, SaveRequest } from '@rose/snapshot';
import type { LoadStanding } from './engine.ts';

/** Main thread → worker. One deed at a time; the sender waits for its last answer. */
export type ToWorker =
  | { deed: 'save'; request: SaveRequest }
  /** Saves a tree beside the workspace; answered as `save`. */
  | { deed: 'save-staged'; tree: string; modes: ReadonlyMap<Raw, number> }
  /** The next bytes of a load; answered by `taken`. */
  | { deed: 'load-data'; bytes: Uint8Array<ArrayBuffer> }
  /** The load's stream ended. */
  | { deed: 'load-end' }
  /** The load's stream broke off. */
  | { deed: 'load-abort' }
  /** How the last load ended; one that stopped half-way is finished first. */
  | { deed: 'standing' }
  | { deed: 'persist' };

/** Worker → main thread. */
export type FromWorker =
  | { answer: 'ready' }
  | { answer: 'standing'; standing: LoadStanding | null }
  /** Encoded frames of a save. */
  | { answer: 'frames'; bytes: Uint8Array }
  | { answer: 'saved' }
  /** The memory of the bytes, to be filled again. */
  | { answer: 'taken'; memory: ArrayBuffer }
  | { answer: 'load-progress'; done: number; all: number }
  | { answer: 'loaded'; standing: LoadStanding }
  | { answer: 'persisted' }
  | { answer: 'failed'; error: ErrorBody };

/** What the two threads share: how far the reader is behind, and whether to give up. */
export const FLOW = {
  /** Bytes posted and not yet taken. */
  outstanding: 0,
  cancelled: 1,
} as const;

/** The worker waits while more than this is outstanding. */
export const MAX_OUTSTANDING_BYTES = 4 * 1024 * 1024;

export interface WorkerData {
  workspace: string;
  own: string;
  flow: SharedArrayBuffer;
}
