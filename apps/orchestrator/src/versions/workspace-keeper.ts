import { RoseError } from '@rose/contract';
import { fromText } from '@rose/snapshot';
import type { ContainerRow } from '../containers/containers-repository.ts';
import type { WorkspaceKeeper } from '../containers/containers-service.ts';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { Loader } from './loader.ts';
import type { PendingLoads } from './pending-loads.ts';
import type { Saver } from './saver.ts';
import type { StoredVersion, VersionsRepository } from './versions-repository.ts';

/**
 * Keeps workspaces and versions together over the life of containers: versions are the truth,
 * a volume is a cache that may hold unsaved work.
 */
export class VersionedWorkspaces implements WorkspaceKeeper {
  readonly #repository: VersionsRepository;
  readonly #saver: Saver;
  readonly #loader: Loader;
  readonly #loads: PendingLoads;

  constructor(repository: VersionsRepository, saver: Saver, loader: Loader, loads: PendingLoads) {
    this.#repository = repository;
    this.#saver = saver;
    this.#loader = loader;
    this.#loads = loads;
  }

  async restore(project: ContainerRow, agent: AgentConnection): Promise<void> {
    await this.#loads.settle(project.id, agent);
    if (project.baseVersion !== null) return await this.#mend(project, agent);
    const active = await this.#repository.active(project.id);
    if (active === null) return;
    await this.#fill(project, active, agent);
  }

  /** Loads files again that a power cut took after the last load: the version they came from still has them. */
  async #mend(project: ContainerRow, agent: AgentConnection): Promise<void> {
    const standing = await this.#loads.standing(agent);
    if (standing === null || standing.damaged.length === 0) return;
    const load = await this.#repository.doneLoad(standing.loadId);
    if (load === null) return;
    const ids = { projectId: project.id, ownerId: project.ownerId };
    const target = await this.#repository.get(project.id, load.version);
    const live = await this.#saver.scan({ ...ids, full: true }, agent);
    const returnTo = await this.#repository.returnTo(project.id);
    await this.#loader.load(
      { ...ids, target, paths: standing.damaged.map(fromText), live, returnTo, checkpoint: null },
      agent,
    );
  }

  /** Fills a workspace that derives from no version; what it holds nevertheless is kept as a checkpoint first. */
  async #fill(project: ContainerRow, active: StoredVersion, agent: AgentConnection): Promise<void> {
    const ids = { projectId: project.id, ownerId: project.ownerId };
    try {
      let live = await this.#saver.scan(ids, agent);
      if (live.root === active.root) return await this.#repository.setBase(project.id, active.number);
      let returnTo: number | null = null;
      if (!(await isEmpty(live))) {
        const kept = await this.#saver.save(
          { ...ids, kind: 'recovered', message: 'Found in the volume', ...checkpointOf },
          agent,
        );
        live = { ...kept.live, base: null };
        returnTo = kept.result.version;
      }
      await this.#loader.load({ ...ids, target: active, paths: null, live, returnTo, checkpoint: returnTo }, agent);
    } catch (error) {
      if (!(error instanceof RoseError) || error.code !== 'DAMAGED') throw error;
      const message = `Version ${active.number}, the active one, is damaged: ${error.message} Load another version (rose versions lists them), or run rose verify.`;
      throw new RoseError('NEEDS_ATTENTION', message, {}, { cause: error });
    }
  }

  async checkpoint(project: ContainerRow, agent: AgentConnection): Promise<void> {
    const order = {
      projectId: project.id,
      ownerId: project.ownerId,
      kind: 'on-stop' as const,
      message: 'Saved on stop',
      ...checkpointOf,
      activates: true,
    };
    await this.#saver.save(order, agent);
  }
}

const checkpointOf = { authorId: null, requestId: null, full: false, unless: 'active' as const, activates: false };

async function isEmpty(live: {
  root: StoredVersion['root'];
  trees: { tree(id: StoredVersion['root']): Promise<readonly unknown[]> };
}): Promise<boolean> {
  return (await live.trees.tree(live.root)).length === 0;
}
