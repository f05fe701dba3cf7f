import { randomInt } from 'node:crypto';
import type { ProjectAccess } from '../projects/project-access.ts';
import type { Collected, Collector } from './collector.ts';
import type { Space, SpaceService } from './space.ts';
import type { Verified, Verifier } from './verifier.ts';

/** The store as its owners see it: is it whole, what does it hold, what can go. */
export class StoreService {
  readonly #access: ProjectAccess;
  readonly #verifier: Verifier;
  readonly #collector: Collector;
  readonly #space: SpaceService;

  constructor(access: ProjectAccess, verifier: Verifier, collector: Collector, space: SpaceService) {
    this.#access = access;
    this.#verifier = verifier;
    this.#collector = collector;
    this.#space = space;
  }

  /** Checks the account's own store, or one project's part of it. `percent` of the objects are hashed. */
  async verify(
    accountId: number,
    { projectId, percent }: { projectId?: number | undefined; percent: number },
    signal?: AbortSignal,
  ): Promise<Verified> {
    const seed = randomInt(2 ** 32);
    if (projectId === undefined)
      return await this.#verifier.verify(accountId, { projectId: null, sample: percent / 100, seed }, signal);
    const project = await this.#access.require(accountId, projectId, 'viewer');
    return await this.#verifier.verify(project.ownerId, { projectId: project.id, sample: percent / 100, seed }, signal);
  }

  /** Removes what no version of the account needs any more, or only says how much that is. */
  async collect(accountId: number, isDryRun: boolean, signal?: AbortSignal): Promise<Collected> {
    return await this.#collector.collect(accountId, { isDryRun, signal });
  }

  async space(project: { id: number; ownerId: number }): Promise<Space> {
    return await this.#space.ofProject(project);
  }
}
