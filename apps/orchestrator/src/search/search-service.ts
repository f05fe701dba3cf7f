import { MessageChannel } from 'node:worker_threads';
import type { SearchMode, SearchOrder, SearchPiece } from '@rose/contract';
import { runSearch, SearchLimit } from '@rose/snapshot/search';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import type { VersionsRepository } from '../versions/versions-repository.ts';
import type { ProjectRef } from '../versions/versions-service.ts';
import { serveObjects } from './object-port.ts';
import type { VersionSearch } from './version-thread.ts';

const ENTRY = new URL('./version-thread.ts', import.meta.url);

export interface VersionSearchOrder extends SearchOrder {
  version: number;
  /** Who asks: he has a few searches at once. */
  accountId: number;
}

/** Searches versions where they are stored; no container is needed. */
export class SearchService {
  readonly #repository: VersionsRepository;
  readonly #objects: ObjectStore;
  readonly #limit = new SearchLimit();

  constructor(repository: VersionsRepository, objects: ObjectStore) {
    this.#repository = repository;
    this.#objects = objects;
  }

  /** @throws RoseError NOT_FOUND; while it runs BUSY, CANCELLED, DAMAGED */
  async search<M extends SearchMode>(
    mode: M,
    project: ProjectRef,
    order: VersionSearchOrder,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<SearchPiece<M>>> {
    const { root } = await this.#repository.get(project.id, order.version);
    return this.#run(mode, order, { ownerId: project.ownerId, root }, signal);
  }

  async *#run<M extends SearchMode>(
    mode: M,
    order: VersionSearchOrder,
    where: Omit<VersionSearch, 'port'>,
    signal: AbortSignal,
  ): AsyncGenerator<SearchPiece<M>> {
    using _ = this.#limit.begin(order.accountId);
    const { port1, port2 } = new MessageChannel();
    serveObjects(port1, this.#objects, where.ownerId);
    try {
      const data: VersionSearch = { ...where, port: port2 };
      yield* runSearch({ entry: ENTRY, data, transferList: [port2], mode, order, signal });
    } finally {
      port1.close();
    }
  }
}
