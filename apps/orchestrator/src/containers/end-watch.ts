import type { Logger } from 'pino';
import type { ContainersService } from './containers-service.ts';

/** Notices containers that end by themselves, so that the next call starts them again. */
export class EndWatch implements AsyncDisposable {
  readonly #containers: ContainersService;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(containers: ContainersService, log: Logger) {
    this.#containers = containers;
    this.#log = log;
  }

  start(): void {
    this.#watching = this.#watch().catch((err: unknown) => {
      this.#log.error({ err }, 'Ends of dev containers are no longer told; each round still looks for them.');
    });
  }

  async #watch(): Promise<void> {
    for await (const { kind, projectId, id } of this.#containers.runtime.watch(this.#stopping.signal)) {
      if (kind === 'exited' || kind === 'removed') void this.#forget(projectId, id);
    }
  }

  async #forget(projectId: number, containerId: string): Promise<void> {
    try {
      await this.#containers.care.ended(projectId, containerId);
    } catch (err) {
      this.#log.warn(
        { projectId, err },
        'A dev container ended and could not be cleared away; the next use tries again.',
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }
}
