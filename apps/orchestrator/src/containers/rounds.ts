import { setTimeout as sleep } from 'node:timers/promises';

/** A round under way may take as long as a save does; what it works with ends after it. */
const LAST_ROUND_MS = 500;

/** Does something again and again, a pause between the end of one round and the next, until it is disposed. */
export class Rounds implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  /** @param round never throws; `signal` aborts when it is the last one */
  constructor(pauseMs: number, round: (signal: AbortSignal) => Promise<void>) {
    this.#running = this.#run(pauseMs, round);
  }

  async #run(pauseMs: number, round: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await round(signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.race([this.#running, sleep(LAST_ROUND_MS)]);
  }
}
