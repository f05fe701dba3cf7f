import { RoseError } from '@rose/contract';
import type { ObjectId } from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { Reachable } from './reachable.ts';
import type { StoreRepository } from './store-repository.ts';

export interface Collected {
  /** Objects that no version reaches. */
  objects: number;
  /** Their compressed bytes. */
  bytes: number;
}

const BATCH = 1000;
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
   * @throws RoseError DAMAGED when a version cannot be walked (nothing is removed then), BUSY when saves never paused
   */
  async collect(ownerId: number, isDryRun: boolean): Promise<Collected> {
    const reachable = new Reachable(this.#objects, ownerId);
    let newest = await this.#mark(reachable, ownerId, 0);
    const total: Collected = { objects: 0, bytes: 0 };
    let batch: { id: ObjectId; stored: number }[] = [];
    const sweep = async (): Promise<void> => {
      const swept = isDryRun
        ? batch
        : await this.#sweep(ownerId, batch, async () => {
            newest = await this.#mark(reachable, ownerId, newest);
            return reachable.ids;
          });
      total.objects += swept.length;
      for (const { stored } of swept) total.bytes += stored;
      batch = [];
    };
    for await (const { id, stored } of this.#objects.sizes(ownerId)) {
      if (reachable.ids.has(id)) continue;
      batch.push({ id, stored });
      if (batch.length >= BATCH) await sweep();
    }
    if (batch.length > 0) await sweep();
    return total;
  }

  /** Adds what versions made after `newest` reach; returns the newest one now. */
  async #mark(reachable: Reachable, ownerId: number, newest: number): Promise<number> {
    const roots = await this.#repository.roots(ownerId, newest);
    await reachable.add(roots.map(({ root }) => root));
    return roots.at(-1)?.id ?? newest;
  }

  async #sweep<T extends { id: ObjectId }>(
    ownerId: number,
    batch: readonly T[],
    mark: () => Promise<ReadonlySet<ObjectId>>,
  ): Promise<T[]> {
    const swept = await this.#objects.alone(ownerId, WAIT_MS, async (remove) => {
      const reachable = await mark();
      const garbage = batch.filter(({ id }) => !reachable.has(id));
      await remove(garbage.map(({ id }) => id));
      return garbage;
    });
    if (swept === null) throw new RoseError('BUSY', 'Saves are running all the time; collect later.');
    return swept;
  }
}
