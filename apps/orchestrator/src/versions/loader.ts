import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { errorFromBody, RoseError, type LoadPlan, type LoadResult } from '@rose/contract';
import { decodeJson, LOAD_ANSWER, readFrames, type LoadOperation, type LoadOutcome, type Raw } from '@rose/snapshot';
import { z } from 'zod';
import { translateAgentError, type AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { countSteps, planSteps, type LoadSelection, type Page, type PlanCounts } from './load-plan.ts';
import { loadStream } from './load-stream.ts';
import { outcomeSchema, type PendingLoads } from './pending-loads.ts';
import type { Progress } from './progress.ts';
import { lied } from './save-receiver.ts';
import type { LiveState } from './saver.ts';
import type { TreeSource } from './trees.ts';
import type { PendingLoad, StoredVersion, VersionsRepository } from './versions-repository.ts';

export interface LoaderOptions {
  objects: ObjectStore;
  repository: VersionsRepository;
  loads: PendingLoads;
  progress: Progress;
}

export interface LoadOrder {
  projectId: number;
  ownerId: number;
  target: StoredVersion;
  /** The project whose version that is; missing: this one. */
  source?: LoadSource | undefined;
  /** Only these paths; null for the whole workspace. */
  paths: readonly Raw[] | null;
  live: LiveState;
  /** The version that holds the live state; null when it is discarded. */
  returnTo: number | null;
  /** The version that was made of the live state just now; null when none was needed. */
  checkpoint: number | null;
}

/** Another project that a version is loaded from. Whoever loads holds a save of its owner, so that nothing is collected. */
export interface LoadSource {
  projectId: number;
  ownerId: number;
  trees: TreeSource;
}

/** What a plan needs to know of a workspace; without a root nothing is there. */
export type PlannedFrom = Pick<LiveState, 'trees' | 'skipped'> & { root: LiveState['root'] | null };

export type PlanOrder = Pick<LoadOrder, 'target' | 'source' | 'paths'> & { live: PlannedFrom };

/** Plans loads and carries them out. The caller holds the project's lock. */
export class Loader {
  readonly #options: LoaderOptions;

  constructor(options: LoaderOptions) {
    this.#options = options;
  }

  /** What a load would do; of its paths one page. */
  async plan(order: PlanOrder, page: Page): Promise<LoadPlan> {
    const { target, live } = order;
    const counts = await countSteps(planSteps(selectionOf(order)), live.skipped, page);
    const { written, removed, bytes, conflicts } = counts;
    const end = page.offset + page.limit;
    return {
      version: target.number,
      written,
      removed,
      kept: Math.max(0, target.files - written),
      bytes,
      conflicts,
      paths: counts.paths,
      next: end < written + removed ? end : null,
    };
  }

  /**
   * Loads a version into the workspace: all of it, or nothing is touched.
   * @throws RoseError DAMAGED, NO_SPACE, CONFLICT, AGENT_UNAVAILABLE
   */
  async load(order: LoadOrder, agent: AgentConnection, signal?: AbortSignal): Promise<LoadResult> {
    const { projectId, target, source, paths, live, returnTo, checkpoint } = order;
    const counts = await countSteps(planSteps(selectionOf(order)), live.skipped, null);
    const load: PendingLoad = {
      id: randomUUID(),
      projectId,
      version: target.number,
      fromProjectId: source?.projectId ?? null,
      returnTo,
      isPartial: paths !== null,
    };
    await this.#options.repository.beginLoad(load);
    const outcome = await this.#settled(load, () => this.#send(order, load, counts, agent, signal), agent, signal);
    await this.#options.loads.finish(load, outcome);
    const { written, removed, bytes } = counts;
    const { conflicts } = outcome;
    return {
      loadId: load.id,
      version: target.number,
      checkpoint,
      written,
      removed,
      kept: Math.max(0, target.files - written),
      bytes,
      conflicts,
    };
  }

  /** A load whose answer was lost may have happened: the agent's journal knows. */
  async #settled(
    load: PendingLoad,
    send: () => Promise<LoadOutcome>,
    agent: AgentConnection,
    signal?: AbortSignal,
  ): Promise<LoadOutcome> {
    try {
      return await send();
    } catch (error) {
      const failure = translateAgentError(error, signal);
      const outcome = await this.#options.loads.outcome(load, agent).catch(() => {
        // It stays pending: whoever uses the workspace next learns how it ended.
        throw failure;
      });
      if (outcome !== null) return outcome;
      await this.#options.repository.failLoad(load.id);
      throw failure;
    }
  }

  async #send(
    order: LoadOrder,
    load: PendingLoad,
    counts: PlanCounts,
    agent: AgentConnection,
    signal?: AbortSignal,
  ): Promise<LoadOutcome> {
    const { projectId, target, paths, live } = order;
    const ownerId = order.source?.ownerId ?? order.ownerId;
    const rootMtimeNs = String(target.rootMtimeNs);
    const last: LoadOperation | null =
      paths === null ? { op: 'attributes', path: '', kind: 'directory', mode: 0, mtimeNs: rootMtimeNs } : null;
    const begin = {
      loadId: load.id,
      base: live.root,
      target: paths === null ? target.root : null,
      rootMtimeNs,
      bytes: counts.staged,
    };
    const steps = planSteps(selectionOf(order));
    const stream = loadStream(begin, this.#counted(projectId, steps, counts), last, this.#options.objects, ownerId);
    const body = await agent.stream({
      method: 'POST',
      path: '/-/snapshot.load',
      body: Readable.from(stream, { objectMode: false, highWaterMark: 1 << 20 }),
      signal,
    });
    for await (const { type, payload } of readFrames(body, MAX_ANSWER_BYTES)) {
      if (type === LOAD_ANSWER.result) return parseOutcome(decodeJson(payload));
      if (type === LOAD_ANSWER.error)
        throw errorFromBody(decodeJson(payload)) ?? lied('a load failed without a reason.');
      const { done, all } = progressSchema.parse(decodeJson(payload));
      // Nothing is applied yet: only a sign of life.
      if (all > 0) this.#report(projectId, 'applying', done, all, 0, counts.bytes);
    }
    throw new RoseError('AGENT_UNAVAILABLE', 'The dev container broke off the load.');
  }

  async *#counted(
    projectId: number,
    steps: ReturnType<typeof planSteps>,
    counts: PlanCounts,
  ): ReturnType<typeof planSteps> {
    let done = 0;
    let bytes = 0;
    for await (const step of steps) {
      yield step;
      done += 1;
      if (step.operation.op === 'write' && step.operation.kind === 'file') bytes += step.operation.size;
      if (done % 100 === 0) this.#report(projectId, 'sending', done, counts.operations, bytes, counts.bytes);
    }
  }

  #report(
    projectId: number,
    phase: 'sending' | 'applying',
    files: number,
    filesTotal: number,
    bytes: number,
    bytesTotal: number,
  ): void {
    this.#options.progress.report(projectId, { deed: 'load', phase, files, filesTotal, bytes, bytesTotal });
  }
}

/** Up to 100,000 conflicts with their paths. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const progressSchema = z.object({ done: z.number(), all: z.number() });

function parseOutcome(value: unknown): LoadOutcome {
  const parsed = outcomeSchema.safeParse(value);
  if (!parsed.success) throw lied('the outcome of a load is malformed.', parsed.error);
  return parsed.data;
}

function selectionOf({ target, source, paths, live }: PlanOrder): LoadSelection {
  return { trees: live.trees, live: live.root, target: target.root, targetTrees: source?.trees, paths };
}
