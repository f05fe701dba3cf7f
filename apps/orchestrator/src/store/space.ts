import type { ObjectId } from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { Reachable } from './reachable.ts';
import type { StoreRepository } from './store-repository.ts';

export interface Space {
  /** Compressed bytes of all objects of the owner, garbage included. */
  ownerBytes: number;
  /** Compressed bytes that only this project's versions reach. */
  projectBytes: number;
  /** Per version: compressed bytes that would be freed if it alone were deleted. */
  versions: { version: number; freedBytes: number }[];
}

const SHARED = -1;

/** What projects and versions cost, honestly: bytes that nothing else needs. */
export class SpaceService {
  readonly #objects: ObjectStore;
  readonly #repository: StoreRepository;

  constructor(objects: ObjectStore, repository: StoreRepository) {
    this.#objects = objects;
    this.#repository = repository;
  }

  /** Reads every tree of the owner; memory grows with the number of his objects (about 150 bytes each). */
  async ofProject(project: { id: number; ownerId: number }): Promise<Space> {
    const users = await this.#users(project.ownerId);
    const freed = new Map<number, number>();
    const space: Space = { ownerBytes: 0, projectBytes: 0, versions: [] };
    for await (const { id, stored } of this.#objects.sizes(project.ownerId)) {
      space.ownerBytes += stored;
      const user = users.get(id);
      if (user === undefined || user.projectId !== project.id) continue;
      space.projectBytes += stored;
      if (user.version !== SHARED) freed.set(user.version, (freed.get(user.version) ?? 0) + stored);
    }
    const roots = await this.#repository.roots(project.ownerId);
    space.versions = roots
      .filter((root) => root.projectId === project.id)
      .map(({ number }) => ({ version: number, freedBytes: freed.get(number) ?? 0 }));
    return space;
  }

  /** Who alone needs each object: one version, several versions of one project, or (absent project) several projects. */
  async #users(ownerId: number): Promise<Map<ObjectId, { projectId: number; version: number }>> {
    const users = new Map<ObjectId, { projectId: number; version: number }>();
    for (const { projectId, number, root } of await this.#repository.roots(ownerId)) {
      const reachable = new Reachable(this.#objects, ownerId);
      await reachable.add([root]);
      for (const id of reachable.ids) {
        const user = users.get(id);
        if (user === undefined) users.set(id, { projectId, version: number });
        else if (user.projectId !== projectId) user.projectId = SHARED;
        else if (user.version !== number) user.version = SHARED;
      }
    }
    return users;
  }
}
