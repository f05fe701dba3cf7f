import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Runtime } from '../drivers/runtime/runtime.ts';
import type { EgressProxy } from './supervisor.ts';

/** A host rarely gets another address; asking costs the start of a process. */
const PERIOD_MS = 10 * 60_000;

export interface NetworkWatchOptions {
  runtime: Pick<Runtime, 'refusedNetworks'>;
  proxy: Pick<EgressProxy, 'refuseNetworks'>;
  log: Logger;
  /** Between two questions. Default: ten minutes. */
  periodMs?: number;
}

/** Tells the egress proxy which networks the runtime refuses, now and whenever that changes. */
export class NetworkWatch implements AsyncDisposable {
  readonly #options: NetworkWatchOptions;
  readonly #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(options: NetworkWatchOptions) {
    this.#options = options;
  }

  /** Returns when the proxy knows them. @throws RoseError of the runtime: without them nothing may go out. */
  async start(): Promise<void> {
    await this.#ask();
    this.#watching = this.#watch();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    const { periodMs = PERIOD_MS, log } = this.#options;
    for (;;) {
      await sleep(periodMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await this.#ask().catch((err: unknown) => {
        if (!signal.aborted) log.warn({ err }, 'The addresses of the host could not be asked for again.');
      });
    }
  }

  async #ask(): Promise<void> {
    const { runtime, proxy } = this.#options;
    proxy.refuseNetworks(await runtime.refusedNetworks(this.#stopping.signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }
}
