import { EventEmitter } from 'node:events';
import type { DeedProgress } from '@rose/contract';

/** How far the running saves and loads are, for whoever watches. */
export class Progress {
  readonly #events = new EventEmitter().setMaxListeners(0);

  report(projectId: number, progress: DeedProgress): void {
    this.#events.emit(String(projectId), progress);
  }

  /** The newest report each time the reader is ready; those it was too slow for are dropped. */
  async *watch(projectId: number, signal: AbortSignal): AsyncGenerator<DeedProgress> {
    let newest: DeedProgress | null = null;
    let wake = Promise.withResolvers<void>();
    const hear = (progress: DeedProgress): void => {
      newest = progress;
      wake.resolve();
    };
    const stop = (): void => wake.resolve();
    this.#events.on(String(projectId), hear);
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (!signal.aborted) {
        await wake.promise;
        wake = Promise.withResolvers<void>();
        if (newest !== null) yield newest;
        newest = null;
      }
    } finally {
      this.#events.off(String(projectId), hear);
      signal.removeEventListener('abort', stop);
    }
  }
}
