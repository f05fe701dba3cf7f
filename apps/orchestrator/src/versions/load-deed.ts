import { RoseError, type LoadPlan, type LoadResult } from '@rose/contract';
import type { ContainersService } from '../containers/containers-service.ts';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import { withLive, type LoadPaths } from './load-paths.ts';
import type { Page } from './load-plan.ts';
import type { Loader, LoadSource } from './loader.ts';
import type { LiveState, Saver } from './saver.ts';
import type { StoredVersion } from './versions-repository.ts';

export interface LoadDeedOptions {
  saver: Saver;
  loader: Loader;
  containers: ContainersService;
}

export interface LoadRequest {
  projectId: number;
  ownerId: number;
  target: StoredVersion;
  /** The project whose version that is; missing: this one. */
  source: LoadSource | undefined;
  /** Only these; null for the whole workspace. */
  paths: LoadPaths | null;
  /** Keep no checkpoint of the live state. */
  discard: boolean;
}

interface Live {
  state: LiveState;
  /** The version that holds the live state; null when there is none. */
  returnTo: number | null;
  /** That version, if it was made just now. */
  checkpoint: number | null;
}

/** Loads a version: wakes the workspace, keeps what is not saved, and brings the version in. The caller holds the project's lock. */
export class LoadDeed {
  readonly #options: LoadDeedOptions;

  constructor(options: LoadDeedOptions) {
    this.#options = options;
  }

  async run(request: LoadRequest, signal?: AbortSignal): Promise<LoadResult> {
    const { containers } = this.#options;
    const { projectId, paths } = request;
    let agent: AgentConnection;
    try {
      agent = await containers.wake(projectId, signal);
    } catch (error) {
      if (!needsAttention(error)) throw error;
      if (paths !== null) throw onlyWhole(error);
      return await containers.rescue(projectId, (unfilled) => this.#rescue(request, unfilled, signal), signal);
    }
    return await this.#load(request, await this.#keep(request, agent, signal), agent, signal);
  }

  /** What a load would do. Of a workspace that cannot be restored nothing is there, so a load would write all. */
  async plan(request: Omit<LoadRequest, 'discard'>, page: Page, signal?: AbortSignal): Promise<LoadPlan> {
    const { saver, loader, containers } = this.#options;
    const { target, source, paths, ...ids } = request;
    try {
      const agent = await containers.wake(ids.projectId, signal);
      const live = await saver.scan(ids, agent, signal);
      const wanted = paths && (await withLive(paths, live.trees, live.root));
      return await loader.plan({ target, source, paths: wanted, live }, page);
    } catch (error) {
      if (!needsAttention(error)) throw error;
      if (paths !== null) throw onlyWhole(error);
      const live = { root: null, trees: saver.treesOf(ids.ownerId), skipped: [] };
      return await loader.plan({ target, paths: null, live }, page);
    }
  }

  /** An empty workspace holds nothing that would be worth a checkpoint: it is what is wrong. */
  async #rescue(request: LoadRequest, agent: AgentConnection, signal?: AbortSignal): Promise<LoadResult> {
    const state = await this.#options.saver.scan(request, agent, signal);
    const live = (await isEmpty(state))
      ? { state, returnTo: null, checkpoint: null }
      : await this.#keep(request, agent, signal);
    return await this.#load(request, live, agent, signal);
  }

  async #keep(
    { target, source, discard, ...ids }: LoadRequest,
    agent: AgentConnection,
    signal?: AbortSignal,
  ): Promise<Live> {
    const { saver } = this.#options;
    if (discard) return { state: await saver.scan(ids, agent, signal), returnTo: null, checkpoint: null };
    const order = {
      projectId: ids.projectId,
      ownerId: ids.ownerId,
      kind: 'before-load' as const,
      message: `Before the load of version ${target.number}${source ? ` of project ${source.projectId}` : ''}`,
      authorId: null,
      requestId: null,
      full: false as const,
      unless: 'saved' as const,
      activates: false,
    };
    const { live: state, isNew, result } = await saver.save(order, agent, signal);
    return { state, returnTo: result.version, checkpoint: isNew ? result.version : null };
  }

  async #load(
    { projectId, ownerId, target, source, paths }: LoadRequest,
    { state: live, returnTo, checkpoint }: Live,
    agent: AgentConnection,
    signal?: AbortSignal,
  ): Promise<LoadResult> {
    const wanted = paths && (await withLive(paths, live.trees, live.root));
    const order = { projectId, ownerId, target, source, paths: wanted, live, returnTo, checkpoint };
    return await this.#options.loader.load(order, agent, signal);
  }
}

/** Whether a workspace holds nothing at all. */
export async function isEmpty({ trees, root }: LiveState): Promise<boolean> {
  for (const _ of await trees.tree(root)) return false;
  return true;
}

function needsAttention(error: unknown): error is RoseError {
  return error instanceof RoseError && error.code === 'NEEDS_ATTENTION';
}

function onlyWhole(cause: RoseError): RoseError<'NEEDS_ATTENTION'> {
  const message = `${cause.message} Single paths can be restored once a whole version is loaded.`;
  return new RoseError('NEEDS_ATTENTION', message, {}, { cause });
}
