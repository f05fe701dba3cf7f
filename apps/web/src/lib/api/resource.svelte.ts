import type { RoseError } from '@rose/contract';
import { afterFailure } from './after-failure.ts';

/** Waking a project builds, starts and fills its container: this waits for all of it. */
const DEADLINE_MS = 180_000;

/** Something that is fetched and shown: loading, failed, or there. */
export class Resource<T> {
  /** The last value that was fetched; it stays while a newer one is on its way. */
  value = $state.raw<T>();
  failure = $state.raw<RoseError | null>(null);
  isLoading = $state(false);
  readonly #fetch: (signal: AbortSignal) => Promise<T>;
  #current: AbortController | null = null;

  constructor(fetch: (signal: AbortSignal) => Promise<T>) {
    this.#fetch = fetch;
  }

  /** Fetches again; a fetch under way is dropped. Never throws: see `failure`. */
  load = async (): Promise<void> => {
    this.#current?.abort();
    const current = new AbortController();
    this.#current = current;
    this.isLoading = true;
    try {
      const value = await this.#fetch(AbortSignal.any([current.signal, AbortSignal.timeout(DEADLINE_MS)]));
      if (this.#current !== current) return;
      this.value = value;
      this.failure = null;
    } catch (error) {
      if (this.#current === current) this.failure = afterFailure(error);
    } finally {
      if (this.#current === current) this.isLoading = false;
    }
  };

  /** Takes what another answer told; a fetch under way would be older and is dropped. */
  set(value: T): void {
    this.stop();
    this.value = value;
    this.failure = null;
  }

  /** Forgets everything: it was somebody else's, or is asked anew. */
  clear(): void {
    this.stop();
    this.value = undefined;
    this.failure = null;
  }

  /** Drops a fetch under way. */
  stop(): void {
    this.#current?.abort();
    this.#current = null;
    this.isLoading = false;
  }
}
