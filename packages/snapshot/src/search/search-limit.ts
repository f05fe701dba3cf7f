import { RoseError } from '@rose/contract';

const MOST = 4;

/** A few searches at once per key. */
export class SearchLimit {
  readonly #running = new Map<number, number>();

  /** A search that lasts until it is disposed. @throws RoseError BUSY */
  begin(key: number): Disposable {
    const running = this.#running.get(key) ?? 0;
    if (running >= MOST)
      throw new RoseError('BUSY', `${MOST} searches of yours are running. Try again when one is through.`);
    this.#running.set(key, running + 1);
    return { [Symbol.dispose]: () => this.#end(key) };
  }

  #end(key: number): void {
    const running = this.#running.get(key)! - 1;
    if (running === 0) this.#running.delete(key);
    else this.#running.set(key, running);
  }
}
