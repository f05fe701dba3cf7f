import type { ObjectId } from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { walkObjects } from './object-walk.ts';

/**
 * Every object that some root reaches, each read once. Grows to about 100 bytes an object:
 * 100 MB for a million.
 */
export class Reachable {
  readonly #objects: Pick<ObjectStore, 'read'>;
  readonly #ownerId: number;
  readonly #visited = { tree: new Set<ObjectId>(), list: new Set<ObjectId>() };
  readonly ids = new Set<ObjectId>();

  constructor(objects: Pick<ObjectStore, 'read'>, ownerId: number) {
    this.#objects = objects;
    this.#ownerId = ownerId;
  }

  /** @throws RoseError DAMAGED when a tree or a list is missing or broken: then nothing may be collected */
  async add(roots: Iterable<ObjectId>): Promise<void> {
    await walkObjects(this.#objects, this.#ownerId, roots, (id, role) => {
      this.ids.add(id);
      if (role === 'chunk' || this.#visited[role].has(id)) return false;
      this.#visited[role].add(id);
      return true;
    });
  }
}
