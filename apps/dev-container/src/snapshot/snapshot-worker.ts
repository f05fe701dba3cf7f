import { on } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { errorFromBody, RoseError } from '@rose/contract';
import type { Raw, SaveRequest } from '@rose/snapshot';
import { cancelled } from '../failures.ts';
import { log } from '../log.ts';
import type { Workspace } from '../workspace.ts';
import type { LoadStanding } from './engine.ts';
import { Pieces } from './pieces.ts';
import { FLOW, type FromWorker, type ToWorker, type WorkerData } from './worker-messages.ts';

/** What dies young is most of what a save makes. */
const YOUNG_MB = 16;

/** The worker as a file beside this one: bundled, or as source. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './snapshot-worker.mjs', import.meta.url);

type LoadProgress = FromWorker & { answer: 'load-progress' };

/** While a load is staged its caller hears of it this often, ms. */
const HEARD_MS = 5000;
/** So many pieces of a load go to the worker before it has dealt with the first. */
const MAX_UNTAKEN = 4;
/** How long a deed waits for the one before it, ms. Whoever asks gives up after 30 s. */
const TURN_MS = 20_000;

/**
 * The main thread's side of the snapshot worker. One deed at a time, in no order.
 */
export class SnapshotWorker implements AsyncDisposable {
  readonly #flow = new SharedArrayBuffer(8);
  readonly #shared = new Int32Array(this.#flow);
  readonly #workerData: WorkerData;
  readonly #hasLeftover: boolean;
  #worker!: Worker;
  #messages!: AsyncIterator<[FromWorker]>;
  #ready!: Promise<void>;
  #hasEnded = false;
  /** Resolves when the running deed is over; null when none runs. */
  #deed: Promise<void> | null = null;

  constructor(workspace: Workspace) {
    this.#workerData = { workspace: workspace.path, own: workspace.own, flow: this.#flow };
    this.#hasLeftover = existsSync(`${workspace.own}/load`);
    this.#start();
  }

  #start(): void {
    const ended = new AbortController();
    this.#hasEnded = false;
    this.#worker = new Worker(ENTRY, {
      // Descriptors come from libc: Node would warn of each that it closes without having opened it.
      trackUnmanagedFds: false,
      workerData: this.#workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    const end = (reason: unknown): void => {
      log('error', 'the snapshot worker ended', { reason: String(reason) });
      this.#hasEnded = true;
      ended.abort();
    };
    this.#worker.once('error', end).once('exit', end);
    this.#messages = on(this.#worker, 'message', { signal: ended.signal }) as AsyncIterator<[FromWorker]>;
    this.#ready = this.#next().then(() => {});
    this.#ready.catch(() => {});
  }

  /**
   * How the last load ended, one that is running included.
   * @throws RoseError NEEDS_ATTENTION when it stopped half-way and cannot be finished; BUSY when it takes longer
   */
  async standing(): Promise<LoadStanding | null> {
    using _ = await this.#begin(AbortSignal.timeout(TURN_MS));
    this.#post({ deed: 'standing' });
    const message = await this.#next();
    if (message.answer === 'failed') throw failureOf(message);
    return message.answer === 'standing' ? message.standing : null;
  }

  /** Waits for the load that an earlier agent left behind, if there is one; else returns at once. */
  async recovered(): Promise<void> {
    if (this.#hasLeftover) await this.#ready;
  }

  /** Encoded frames of SAVE_FRAME, the last of them `end`. @throws RoseError */
  save(request: SaveRequest, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    return this.#frames({ deed: 'save', request }, signal);
  }

  /**
   * The same of a tree beside the workspace, whole: there is no base.
   * @param tree absolute path
   * @param modes in place of those on the disk
   * @throws RoseError ARCHIVE_REFUSED when a part of it cannot be saved
   */
  saveStaged(tree: string, modes: ReadonlyMap<Raw, number>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    return this.#frames({ deed: 'save-staged', tree, modes }, signal);
  }

  async *#frames(deed: ToWorker & { deed: 'save' | 'save-staged' }, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    using _ = await this.#begin(signal);
    this.#post(deed);
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
  async *load(
    source: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): AsyncGenerator<LoadProgress | (FromWorker & { answer: 'loaded' })> {
    using _ = await this.#begin(signal);
    yield* this.#feed(source, signal);
    this.#post({ deed: 'load-end' });
    let isOver = false;
    try {
      while (!isOver) {
        const message = await this.#applied();
        isOver = message.answer !== 'load-progress';
        if (message.answer === 'failed') throw failureOf(message);
        yield message;
      }
    } finally {
      // The reader left: the load is finished all the same, and `standing` tells how.
      while (!isOver) isOver = (await this.#applied()).answer !== 'load-progress';
    }
  }

  async #applied(): Promise<FromWorker & { answer: 'load-progress' | 'loaded' | 'failed' }> {
    for (;;) {
      const message = await this.#next();
      if (message.answer === 'loaded' || message.answer === 'load-progress' || message.answer === 'failed')
        return message;
    }
  }

  /** Writes the stat cache. */
  async persist(): Promise<void> {
    using _ = await this.#begin(AbortSignal.timeout(10_000));
    this.#post({ deed: 'persist' });
    await this.#next();
  }

  /** Yields now and then, so that the other side does not wait in silence. */
  async *#feed(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<LoadProgress> {
    let heardAt = Date.now();
    let untaken = 0;
    let isWhole = false;
    const pieces = new Pieces();
    try {
      for await (const bytes of pieces.of(source)) {
        signal.throwIfAborted();
        this.#post({ deed: 'load-data', bytes }, [bytes.buffer]);
        untaken += 1;
        if (untaken < MAX_UNTAKEN) continue;
        untaken -= 1;
        pieces.giveBack(await this.#taken());
        if (Date.now() - heardAt < HEARD_MS) continue;
        heardAt = Date.now();
        yield { answer: 'load-progress', done: 0, all: 0 };
      }
      for (; untaken > 0; await this.#taken()) untaken -= 1;
      isWhole = true;
    } finally {
      if (!isWhole) {
        // After a failure the rest is thrown away, and answered all the same.
        for (; untaken > 0; untaken -= 1) await this.#next();
        this.#post({ deed: 'load-abort' });
      }
    }
  }

  /** @returns the memory of the piece that the worker has dealt with */
  async #taken(): Promise<ArrayBuffer> {
    const message = await this.#next();
    if (message.answer === 'taken') return message.memory;
    throw message.answer === 'failed'
      ? failureOf(message)
      : new RoseError('INTERNAL', 'The snapshot worker answers out of turn.');
  }

  async #begin(signal: AbortSignal): Promise<Disposable> {
    // One that was given up needs a moment to end.
    for (const until = Date.now() + TURN_MS; this.#deed !== null;) {
      if (Date.now() >= until || signal.aborted)
        throw new RoseError('BUSY', 'A save or a load of this workspace is running. Try again when it is through.');
      await Promise.race([this.#deed, sleep(TURN_MS, undefined, { ref: false })]);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#deed = promise;
    const cancel = () => {
      Atomics.store(this.#shared, FLOW.cancelled, 1);
      Atomics.notify(this.#shared, FLOW.outstanding);
    };
    const end = (): void => {
      signal.removeEventListener('abort', cancel);
      this.#deed = null;
      resolve();
    };
    try {
      if (this.#hasEnded) this.#start();
      await this.#ready;
      if (signal.aborted) throw cancelled();
    } catch (error) {
      end();
      throw error;
    }
    Atomics.store(this.#shared, FLOW.cancelled, 0);
    Atomics.store(this.#shared, FLOW.outstanding, 0);
    signal.addEventListener('abort', cancel, { once: true });
    return { [Symbol.dispose]: end };
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

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
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
    if (this.#deed === null) await this.persist().catch(() => {});
    this.#worker.removeAllListeners('exit');
    await this.#worker.terminate();
  }
}

function failureOf(message: FromWorker & { answer: 'failed' }): RoseError {
  return errorFromBody(message.error) ?? new RoseError('INTERNAL', 'The snapshot worker failed.');
}
