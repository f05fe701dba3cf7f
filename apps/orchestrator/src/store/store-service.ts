import { randomInt } from 'node:crypto';
import type { StrayVolumes } from '../containers/stray-volumes.ts';
import type { ProjectAccess } from '../projects/project-access.ts';
import type { Collected, Collector } from './collector.ts';
import type { Space, SpaceService } from './space.ts';
import type { Verified, Verifier } from './verifier.ts';

export interface StoreOptions {
  access: ProjectAccess;
  verifier: Verifier;
  collector: Collector;
  space: SpaceService;
  /** Removes volumes of the runtime that no project names. */
  collectVolumes: (isDryRun: boolean) => Promise<StrayVolumes>;
}

/** The store as its owners see it: is it whole, what does it hold, what can go. */
export class StoreService {
  readonly #options: StoreOptions;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Checks the account's own store, or one project's part of it. `percent` of the objects are hashed. */
  async verify(
    accountId: number,
    { projectId, percent }: { projectId?: number | undefined; percent: number },
    signal?: AbortSignal,
  ): Promise<Verified> {
    const seed = randomInt(2 ** 32);
    if (projectId === undefined)
      return await this.#options.verifier.verify(accountId, { projectId: null, sample: percent / 100, seed }, signal);
    const project = await this.#options.access.require(accountId, projectId, 'viewer');
    return await this.#options.verifier.verify(
      project.ownerId,
      { projectId: project.id, sample: percent / 100, seed },
      signal,
    );
  }

  /**
   * Removes what no version of the account needs any more, or only says how much that is. For an administrator
   * also volumes that belong to no project.
   */
  async collect(
    account: { id: number; isAdministrator: boolean },
    isDryRun: boolean,
    signal?: AbortSignal,
  ): Promise<Collected & { volumes: StrayVolumes }> {
    const { collector, collectVolumes } = this.#options;
    const collected = await collector.collect(account.id, { isDryRun, signal });
    const volumes = account.isAdministrator ? await collectVolumes(isDryRun) : { removed: [], kept: [] };
    return { ...collected, volumes };
  }

  async space(project: { id: number; ownerId: number }): Promise<Space> {
    return await this.#options.space.ofProject(project);
  }
}
