import type { ObjectId } from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { walkObjects } from './object-walk.ts';
import type { StoreRepository } from './store-repository.ts';

export interface Space {
  /** What the owner may store; null for no limit. */
  quotaBytes: number | null;
  /** Compressed bytes of all objects of the owner, garbage included. */
  ownerBytes: number;
  /** Compressed bytes that only this project's versions reach. */
  projectBytes: number;
  /** Per version: compressed bytes that would be freed if it alone were deleted. */
  versions: { version: number; freedBytes: number }[];
}

/** Who alone needs an object: one version, or several of one project, or (both null) several projects. */
interface User {
  projectId: number | null;
  version: number | null;
}

const SEVERAL: User = { projectId: null, version: null };

/** What projects and versions cost, honestly: bytes that nothing else needs. */
export class SpaceService {
  readonly #objects: ObjectStore;
  readonly #repository: StoreRepository;

  readonly #quotaBytes: number | null;

  constructor(objects: ObjectStore, repository: StoreRepository, quotaBytes: number | null) {
    this.#objects = objects;
    this.#repository = repository;
    this.#quotaBytes = quotaBytes;
  }

  /**
   * Reads every tree of the owner, at most three times; memory grows with the number of his objects (about 150 bytes each).
   * @throws RoseError DAMAGED
   */
  async ofProject(project: { id: number; ownerId: number }): Promise<Space> {
    const roots = await this.#repository.roots(project.ownerId);
    const users = await this.#users(project.ownerId, roots);
    const freed = new Map<number, number>();
    const space: Space = { quotaBytes: this.#quotaBytes, ownerBytes: 0, projectBytes: 0, versions: [] };
    for await (const { id, stored } of this.#objects.sizes(project.ownerId)) {
      space.ownerBytes += stored;
      const user = users.get(id);
      if (user?.projectId !== project.id) continue;
      space.projectBytes += stored;
      if (user.version !== null) freed.set(user.version, (freed.get(user.version) ?? 0) + stored);
    }
    space.versions = roots
      .filter((root) => root.projectId === project.id)
      .map(({ number }) => ({ version: number, freedBytes: freed.get(number) ?? 0 }));
    return space;
  }

  async #users(
    ownerId: number,
    roots: readonly { projectId: number; number: number; root: ObjectId }[],
  ): Promise<Map<ObjectId, User>> {
    const users = new Map<ObjectId, User>();
    const entered = { tree: new Map<ObjectId, User>(), list: new Map<ObjectId, User>() };
    const projects = new Map<number, User>();
    for (const { projectId, number: version, root } of roots) {
      const me: User = { projectId, version };
      let ours = projects.get(projectId);
      if (ours === undefined) projects.set(projectId, (ours = { projectId, version: null }));
      const joined = (before: User | undefined): User =>
        before === undefined || before === me ? me : before.projectId === projectId ? ours : SEVERAL;
      await walkObjects(this.#objects, ownerId, [root], (id, role) => {
        users.set(id, joined(users.get(id)));
        if (role === 'chunk') return false;
        const before = entered[role].get(id);
        const now = joined(before);
        entered[role].set(id, now);
        // Below an object that is needed by no more than before nothing is either.
        return now !== before;
      });
    }
    return users;
  }
}
