import { setTimeout as sleep } from 'node:timers/promises';
import { Worker, type Transferable } from 'node:worker_threads';
import {
  errorFromBody,
  RoseError,
  type SearchMode,
  type SearchOrder,
  type SearchPiece,
  type SearchSummary,
} from '@rose/contract';
import { FLOW, FLOW_BYTES, type FromSearch, type SearchData } from './messages.ts';
import { messagesOf } from './messages-of.ts';

/** A thread that is not inside one match ends by itself within this time, and closes what it has open. */
const GRACE_MS = 250;
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 256 };

export interface SearchRun<M extends SearchMode> {
  /** The thread's module; it calls `carryOut`. */
  entry: URL;
  /** For the thread, beside the order. */
  data?: object;
  transferList?: Transferable[];
  mode: M;
  order: SearchOrder;
  signal: AbortSignal;
}

/**
 * Searches in a thread of its own, which may be cut off in the middle of a match: no pattern holds
 * up the caller. At the order's time limit what was found until then is the result.
 * @throws RoseError CANCELLED, and what the thread's deed throws
 */
export async function* runSearch<M extends SearchMode>(run: SearchRun<M>): AsyncGenerator<SearchPiece<M>> {
  const { entry, data, transferList, mode, order, signal } = run;
  const flow = new SharedArrayBuffer(FLOW_BYTES);
  const shared = new Int32Array(flow);
  const workerData: SearchData = { ...data, mode, order, flow };
  // Descriptors are opened past Node, which would warn when they are closed.
  const options = { workerData, transferList, resourceLimits: RESOURCE_LIMITS, trackUnmanagedFds: false };
  const worker = new Worker(entry, options);
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const late = new AbortController();
  const stopAtLimit = (): void => {
    late.abort();
    void stop(worker, shared, ended);
  };
  const timer = setTimeout(stopAtLimit, order.timeLimitSeconds * 1000);
  let hits = 0;
  const summary = (end: Pick<SearchSummary, 'truncated' | 'timedOut'>): SearchSummary => {
    const [, , files = 0, binary = 0, large = 0, unreadable = 0] = shared;
    return { files, hits, skipped: { binary, large, unreadable }, ...end };
  };
  try {
    for await (const messages of messagesOf<FromSearch<M>>(worker, AbortSignal.any([signal, late.signal]))) {
      const found = messages.flatMap((message) => (message.answer === 'hits' ? message.hits : []));
      hits += found.length;
      if (found.length > 0) yield { hits: found };
      Atomics.sub(shared, FLOW.outstanding, found.length);
      Atomics.notify(shared, FLOW.outstanding);
      const last = messages.at(-1)!;
      if (last.answer === 'failed') throw failureOf(last);
      if (last.answer === 'done') return yield { summary: summary({ truncated: last.truncated, timedOut: false }) };
    }
    throw new RoseError('INTERNAL', 'The thread of the search ended.');
  } catch (error) {
    if (signal.aborted) throw new RoseError('CANCELLED', 'The search was cancelled.', {}, { cause: error });
    if (!late.signal.aborted) throw error;
    yield { summary: summary({ truncated: false, timedOut: true }) };
  } finally {
    clearTimeout(timer);
    await stop(worker, shared, ended);
  }
}

async function stop(worker: Worker, shared: Int32Array, ended: Promise<void>): Promise<void> {
  Atomics.store(shared, FLOW.cancelled, 1);
  Atomics.notify(shared, FLOW.outstanding);
  await Promise.race([ended, sleep(GRACE_MS, undefined, { ref: false })]);
  await worker.terminate();
}

function failureOf({ error }: FromSearch & { answer: 'failed' }): RoseError {
  return errorFromBody(error) ?? new RoseError('INTERNAL', 'The search failed.');
}
