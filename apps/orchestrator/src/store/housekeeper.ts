import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Collected } from './collector.ts';

export interface HousekeeperOptions {
  /** Erases projects whose time for undelete is over. */
  purge: () => Promise<readonly { id: number }[]>;
  /** Accounts that may own objects. */
  owners: () => Promise<number[]>;
  collect: (ownerId: number, signal: AbortSignal) => Promise<Collected>;
  log: Logger;
}

const FIRST_MS = 10 * 60_000;
const ROUND_MS = 24 * 60 * 60_000;
const LAST_ROUND_MS = 500;

/** Once a day: erases what was deleted long enough ago, and frees what no version needs any more. */
export class Housekeeper implements AsyncDisposable {
  readonly #options: HousekeeperOptions;
  readonly #stopping = new AbortController();
  #rounds: Promise<void> = Promise.resolve();

  constructor(options: HousekeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#rounds = this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let wait = FIRST_MS; !signal.aborted; wait = ROUND_MS) {
      await sleep(wait, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await this.round();
    }
  }

  /** Never throws: what fails today is tried again tomorrow. */
  async round(): Promise<void> {
    const { purge, owners, log } = this.#options;
    try {
      for (const { id } of await purge()) log.info({ projectId: id }, 'A deleted project was erased for good.');
      for (const ownerId of await owners()) {
        if (this.#stopping.signal.aborted) return;
        await this.#collect(ownerId);
      }
    } catch (err) {
      log.warn({ err }, 'The daily round did not come to its end.');
    }
  }

  async #collect(ownerId: number): Promise<void> {
    const { collect, log } = this.#options;
    try {
      const { objects, bytes } = await collect(ownerId, this.#stopping.signal);
      if (objects > 0) log.info({ ownerId, objects, bytes }, 'Objects that no version needs were freed.');
    } catch (err) {
      log.warn({ ownerId, err }, 'Objects of an account could not be freed.');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.race([this.#rounds, sleep(LAST_ROUND_MS)]);
  }
}
