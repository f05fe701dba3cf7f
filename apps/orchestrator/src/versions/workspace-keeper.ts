import { RoseError } from '@rose/contract';
import { fromText } from '@rose/snapshot';
import type { Logger } from 'pino';
import type { ContainerRow } from '../containers/containers-repository.ts';
import type { CheckpointOptions, WorkspaceKeeper } from '../containers/keeper.ts';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import type { Diagnosis } from '../store/diagnosis.ts';
import { isEmpty } from './load-deed.ts';
import type { Loader } from './loader.ts';
import type { PendingLoads } from './pending-loads.ts';
import type { Saver } from './saver.ts';
import type { StoredVersion, VersionsRepository } from './versions-repository.ts';

export interface WorkspacesOptions {
  objects: Pick<ObjectStore, 'beginSave'>;
  repository: VersionsRepository;
  saver: Saver;
  loader: Loader;
  loads: PendingLoads;
  diagnosis: Pick<Diagnosis, 'of'>;
  log: Logger;
}

/**
 * Keeps workspaces and versions together over the life of containers: versions are the truth,
 * a volume is a cache that may hold unsaved work.
 */
export class VersionedWorkspaces implements WorkspaceKeeper {
  readonly #options: WorkspacesOptions;

  constructor(options: WorkspacesOptions) {
    this.#options = options;
  }

  async restore(project: ContainerRow, agent: AgentConnection): Promise<void> {
    const { repository, loads } = this.#options;
    await loads.settle(project.id, agent);
    const active = await repository.active(project.id);
    try {
      if (project.baseVersion !== null) await this.#mend(project, agent);
      else if (active !== null) await this.#fill(project, active, agent);
      else if (await repository.hasLostActive(project.id))
        throw new RoseError('DAMAGED', 'The active version of this project is missing from the database.', {});
    } catch (cause) {
      if (!(cause instanceof RoseError) || cause.code !== 'DAMAGED') throw cause;
      const message = await this.#options.diagnosis.of(project, active?.number ?? null, cause.message);
      throw new RoseError('NEEDS_ATTENTION', message, {}, { cause });
    }
  }

  /** Loads files again that a power cut took after the last load: the version they came from still has them. */
  async #mend(project: ContainerRow, agent: AgentConnection): Promise<void> {
    const { repository, objects, saver, loader, loads } = this.#options;
    const standing = await loads.standing(agent);
    if (standing === null || standing.damaged.length === 0) return;
    const load = await repository.doneLoad(standing.loadId);
    if (load === null) return;
    const ids = { projectId: project.id, ownerId: project.ownerId };
    const sourceId = load.fromProjectId ?? project.id;
    const sourceOwner = await repository.ownerOf(sourceId);
    if (sourceOwner === null) throw lostSource(standing.damaged);
    await using _ = await objects.beginSave(sourceOwner);
    const target = await repository.get(sourceId, load.version).catch((error: unknown) => {
      throw isMissing(error) ? lostSource(standing.damaged) : error;
    });
    const isOther = sourceId !== project.id;
    const trees = saver.treesOf(sourceOwner);
    const source = isOther ? { projectId: sourceId, ownerId: sourceOwner, trees } : undefined;
    const live = await saver.scan({ ...ids, full: true }, agent);
    const returnTo = await repository.returnTo(project.id);
    const paths = standing.damaged.map(fromText);
    await loader.load({ ...ids, target, source, paths, live, returnTo, checkpoint: null }, agent);
  }

  /** Fills a workspace that derives from no version; what it holds nevertheless is kept as a checkpoint first. */
  async #fill(project: ContainerRow, active: StoredVersion, agent: AgentConnection): Promise<void> {
    const { repository, saver, loader } = this.#options;
    const ids = { projectId: project.id, ownerId: project.ownerId };
    let live = await saver.scan(ids, agent);
    if (live.root === active.root) return await repository.setBase(project.id, active.number);
    let checkpoint: number | null = null;
    if (!(await isEmpty(live))) {
      const order = { ...ids, kind: 'recovered' as const, message: 'Found in the volume', ...checkpointOf };
      const kept = await saver.save({ ...order, unless: 'saved' }, agent);
      live = { ...kept.live, base: null };
      checkpoint = kept.result.version;
    }
    const returnTo = checkpoint ?? (await repository.returnTo(project.id));
    try {
      await loader.load({ ...ids, target: active, paths: null, live, returnTo, checkpoint }, agent);
    } catch (error) {
      // What was found is a version now, but not what the project says its workspace is.
      await repository.setBase(project.id, null);
      throw error;
    }
  }

  async checkpoint(project: ContainerRow, agent: AgentConnection, { isHasty }: CheckpointOptions): Promise<void> {
    const { repository, saver, log } = this.#options;
    const order = {
      projectId: project.id,
      ownerId: project.ownerId,
      kind: 'on-stop' as const,
      message: 'Saved on stop',
      ...checkpointOf,
      full: !isHasty && (await repository.isFullSaveDue(project.id, DAY_MS)) ? ('read' as const) : (false as const),
      isHasty,
      activates: true,
    };
    const { result } = await saver.save(order, agent);
    const { mismatched } = result;
    if (mismatched.length > 0)
      log.warn(
        { projectId: project.id, mismatched },
        'Files had changed though their stamps had not; now they are saved.',
      );
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof RoseError && error.code === 'NOT_FOUND';
}

function lostSource(damaged: readonly string[]): RoseError<'DAMAGED'> {
  const named = damaged.slice(0, 3).map((path) => JSON.stringify(path));
  const others = damaged.length > named.length ? ` and ${damaged.length - named.length} more` : '';
  const message = `A power cut damaged files of the last load (${named.join(', ')}${others}), and the version that they came from is gone.`;
  return new RoseError('DAMAGED', message, {});
}

const DAY_MS = 24 * 60 * 60 * 1000;
const checkpointOf = {
  authorId: null,
  requestId: null,
  full: false as const,
  unless: 'active' as const,
  activates: false,
};
