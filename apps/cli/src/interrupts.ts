import { constants } from 'node:os';
import { RoseError } from '@rose/contract/errors';

type Listener = (signal: NodeJS.Signals) => void;

/** The signals that end the program: the first cancels what runs, unless somebody takes them. */
export class Interrupts {
  readonly #cancel = new AbortController();
  #taker: Listener | null = null;
  #received: NodeJS.Signals | null = null;

  /** Aborts when the program is to end; its reason is a RoseError CANCELLED. */
  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  /** 128 + the number of the signal that cancelled; null when none did. */
  get exitCode(): number | null {
    return this.#received === null ? null : exitCodeOf(this.#received);
  }

  receive(signal: NodeJS.Signals): void {
    if (this.#taker !== null) return this.#taker(signal);
    this.#received ??= signal;
    this.#cancel.abort(new RoseError('CANCELLED', 'Cancelled.'));
  }

  /** From now on signals go to the listener, until the result is disposed. */
  take(listener: Listener): Disposable {
    this.#taker = listener;
    return { [Symbol.dispose]: () => (this.#taker = null) };
  }
}

/** How shells tell that a signal ended a program. */
export function exitCodeOf(signal: string): number {
  return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
}
