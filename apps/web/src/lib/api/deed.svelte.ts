import type { RoseError } from '@rose/contract';
import { afterFailure } from './after-failure.ts';

/** Something that a person does: it runs once at a time and may fail. */
export class Deed<A extends unknown[], R = void> {
  isRunning = $state(false);
  failure = $state.raw<RoseError | null>(null);
  readonly #act: (...args: A) => Promise<R>;

  constructor(act: (...args: A) => Promise<R>) {
    this.#act = act;
  }

  /** True when it succeeded. A call while it runs does nothing. Never throws: see `failure`. */
  run = async (...args: A): Promise<boolean> => {
    if (this.isRunning) return false;
    this.isRunning = true;
    this.failure = null;
    try {
      await this.#act(...args);
      return true;
    } catch (error) {
      this.failure = afterFailure(error);
      return false;
    } finally {
      this.isRunning = false;
    }
  };
}
