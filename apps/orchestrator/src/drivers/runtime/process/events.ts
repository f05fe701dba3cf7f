import type { RuntimeEvent } from '../runtime.ts';

/** A listener that does not read loses the oldest; reconcile finds what it missed. */
const MAX_WAITING = 1000;

/** Events to any number of listeners, each at its own pace. */
export class Events {
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();

  emit(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Listens from the call on, not only from the first `next()`. */
  watch(signal: AbortSignal): AsyncGenerator<RuntimeEvent, void> {
    const waiting: RuntimeEvent[] = [];
    let wake = (): void => {};
    const listener = (event: RuntimeEvent): void => {
      waiting.push(event);
      if (waiting.length > MAX_WAITING) waiting.shift();
      wake();
    };
    const end = (): void => {
      this.#listeners.delete(listener);
      wake();
    };
    if (!signal.aborted) this.#listeners.add(listener);
    signal.addEventListener('abort', end, { once: true });
    return (async function* () {
      try {
        while (!signal.aborted) {
          const event = waiting.shift();
          if (event !== undefined) yield event;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        signal.removeEventListener('abort', end);
        end();
      }
    })();
  }
}
