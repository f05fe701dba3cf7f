import { on } from 'node:events';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { errorFromBody, RoseError } from '@rose/contract';
import type { SaveRequest } from '@rose/snapshot';
import { cancelled } from '../failures.ts';
import type { Workspace } from '../workspace.ts';
import type { LoadStanding } from './engine.ts';
import { FLOW, type FromWorker, type ToWorker, type WorkerData } from './worker-messages.ts';

/** The worker as a file beside this one: bundled, or as source. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './snapshot-worker.mjs', import.meta.url);

/**
 * The main thread's side of the snapshot worker. One deed at a time: a second one is BUSY.
 */
export class SnapshotWorker implements AsyncDisposable {
  readonly #flow = new SharedArrayBuffer(8);
  readonly #shared = new Int32Array(this.#flow);
  readonly #worker: Worker;
  readonly #messages: AsyncIterator<[FromWorker]>;
  readonly #ready: Promise<LoadStanding | null>;
  readonly #ended = new AbortController();
  readonly #hasLeftover: boolean;
  #isBusy = false;

  constructor(workspace: Workspace) {
    this.#hasLeftover = existsSync(`${workspace.own}/load`);
    const workerData: WorkerData = { workspace: workspace.path, own: workspace.own, flow: this.#flow };
    this.#worker = new Worker(ENTRY, { workerData });
    this.#worker.once('error', (error) => this.#ended.abort(error));
    this.#worker.once('exit', () => this.#ended.abort());
    this.#messages = on(this.#worker, 'message', { signal: this.#ended.signal }) as AsyncIterator<[FromWorker]>;
    this.#ready = this.#next().then((message) => (message.answer === 'ready' ? message.standing : null));
    this.#ready.catch(() => {});
  }

  /** How the load stands that an earlier agent left behind; resolves when it is finished or undone. */
  async standing(): Promise<LoadStanding | null> {
    return await this.#ready;
  }

  /** Waits for the load that an earlier agent left behind, if there is one; else returns at once. */
  async recovered(): Promise<void> {
    if (this.#hasLeftover) await this.#ready;
  }

  /** Encoded frames of SAVE_FRAME, the last of them `end`. @throws RoseError */
  async *save(request: SaveRequest, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    await using _ = await this.#begin(signal);
    this.#post({ deed: 'save', request });
    let isOver = false;
    try {
      while (!isOver) {
        const message = await this.#next();
        if (message.answer === 'frames') {
          yield message.bytes;
          this.#give(message.bytes.length);
        } else {
          isOver = true;
          if (message.answer === 'failed') throw failureOf(message);
        }
      }
    } finally {
      // The reader left: the worker ends the walk, and what it had posted is thrown away.
      if (!isOver) await this.#drain();
    }
  }

  /**
   * Feeds a load's bytes to the worker and reports how far it is.
   * @throws RoseError; then the workspace is as it was
   */
  async *load(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<FromWorker & { answer: 'load-progress' | 'loaded' }> {
    await using _ = await this.#begin(signal);
    await this.#feed(source, signal);
    this.#post({ deed: 'load-end' });
    for (;;) {
      const message = await this.#next();
      if (message.answer === 'failed') throw failureOf(message);
      if (message.answer !== 'load-progress' && message.answer !== 'loaded') continue;
      yield message;
      if (message.answer === 'loaded') return;
    }
  }

  /** Writes the stat cache. */
  async persist(): Promise<void> {
    await using _ = await this.#begin(AbortSignal.timeout(10_000));
    this.#post({ deed: 'persist' });
    await this.#next();
  }

  async #feed(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    try {
      for await (const bytes of source) {
        signal.throwIfAborted();
        this.#post({ deed: 'load-data', bytes });
        const message = await this.#next();
        if (message.answer === 'failed') throw failureOf(message);
      }
    } catch (error) {
      this.#post({ deed: 'load-abort' });
      throw error;
    }
  }

  async #begin(signal: AbortSignal): Promise<AsyncDisposable> {
    if (this.#isBusy) throw new RoseError('BUSY', 'A save or a load of this workspace is running. Try again when it is through.');
    this.#isBusy = true;
    const cancel = () => {
      Atomics.store(this.#shared, FLOW.cancelled, 1);
      Atomics.notify(this.#shared, FLOW.outstanding);
    };
    try {
      await this.#ready;
      signal.throwIfAborted();
    } catch (error) {
      this.#isBusy = false;
      throw error instanceof RoseError ? error : cancelled();
    }
    Atomics.store(this.#shared, FLOW.cancelled, 0);
    Atomics.store(this.#shared, FLOW.outstanding, 0);
    signal.addEventListener('abort', cancel, { once: true });
    return {
      [Symbol.asyncDispose]: async () => {
        signal.removeEventListener('abort', cancel);
        this.#isBusy = false;
      },
    };
  }

  async #drain(): Promise<void> {
    Atomics.store(this.#shared, FLOW.cancelled, 1);
    Atomics.notify(this.#shared, FLOW.outstanding);
    for (;;) {
      const { answer } = await this.#next();
      if (answer !== 'frames') return;
    }
  }

  #give(bytes: number): void {
    Atomics.sub(this.#shared, FLOW.outstanding, bytes);
    Atomics.notify(this.#shared, FLOW.outstanding);
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  async #next(): Promise<FromWorker> {
    try {
      const next = await this.#messages.next();
      if (!next.done) return next.value[0];
    } catch (cause) {
      throw new RoseError('INTERNAL', 'The snapshot worker of the agent ended.', {}, { cause });
    }
    throw new RoseError('INTERNAL', 'The snapshot worker of the agent ended.');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Losing the stat cache costs only time, so a busy worker is not waited for.
    if (!this.#isBusy) await this.persist().catch(() => {});
    await this.#worker.terminate();
  }
}

function failureOf(message: FromWorker & { answer: 'failed' }): RoseError {
  return errorFromBody(message.error) ?? new RoseError('INTERNAL', 'The snapshot worker failed.');
}
