import { RoseError } from '@rose/contract';
import { inBatchesAsync, type ObjectId } from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { Reachable } from './reachable.ts';
import type { StoreRepository } from './store-repository.ts';

export interface Collected {
  /** Objects that no version reaches. */
  objects: number;
  /** Their compressed bytes. */
  bytes: number;
}

export interface CollectOptions {
  /** Only say what would be freed. */
  isDryRun?: boolean;
  /** How long a batch waits for saves that run, ms. */
  waitMs?: number;
  signal?: AbortSignal | undefined;
}

interface Candidate {
  id: ObjectId;
  stored: number;
}

const BATCH = { items: 1000, bytes: Number.POSITIVE_INFINITY };
const WAIT_MS = 15_000;

/**
 * Removes objects that no version of their owner reaches. Safe beside saves and loads: what is
 * garbage is found out first, and before each batch is removed, with saves kept out, the
 * versions made meanwhile are looked at too.
 */
export class Collector {
  readonly #objects: ObjectStore;
  readonly #repository: StoreRepository;

  constructor(objects: ObjectStore, repository: StoreRepository) {
    this.#objects = objects;
    this.#repository = repository;
  }

  /**
   * @throws RoseError DAMAGED when a version cannot be walked (nothing is removed then), BUSY when saves never
   *   paused, CANCELLED; what was removed before stays removed
   */
  async collect(ownerId: number, options: CollectOptions = {}): Promise<Collected> {
    const { isDryRun = false, waitMs = WAIT_MS, signal } = options;
    const reachable = new Reachable(this.#objects, ownerId);
    await this.#mark(reachable, ownerId);
    const total: Collected = { objects: 0, bytes: 0 };
    for await (const batch of inBatchesAsync(this.#candidates(ownerId, reachable.ids), BATCH, ({ stored }) => stored)) {
      if (signal?.aborted === true) throw new RoseError('CANCELLED', 'The collection was cancelled.');
      const swept = isDryRun ? batch : await this.#sweep(ownerId, batch, reachable, waitMs);
      total.objects += swept.length;
      for (const { stored } of swept) total.bytes += stored;
    }
    return total;
  }

  async *#candidates(ownerId: number, reachable: ReadonlySet<ObjectId>): AsyncGenerator<Candidate> {
    for await (const { id, stored } of this.#objects.sizes(ownerId)) if (!reachable.has(id)) yield { id, stored };
  }

  /** Adds what every version reaches; what is known already costs nothing. Row ids say nothing of the order of commits. */
  async #mark(reachable: Reachable, ownerId: number): Promise<void> {
    const roots = await this.#repository.roots(ownerId);
    await reachable.add(roots.map(({ root }) => root));
  }

  async #sweep(
    ownerId: number,
    batch: readonly Candidate[],
    reachable: Reachable,
    waitMs: number,
  ): Promise<Candidate[]> {
    const swept = await this.#objects.alone(ownerId, waitMs, async (remove) => {
      await this.#mark(reachable, ownerId);
      const garbage = batch.filter(({ id }) => !reachable.ids.has(id));
      await remove(garbage.map(({ id }) => id));
      return garbage;
    });
    if (swept === null) throw new RoseError('BUSY', 'Saves are running all the time; collect later.');
    return swept;
  }
}
