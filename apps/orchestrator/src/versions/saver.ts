import { performance } from 'node:perf_hooks';
import type { Readable } from 'node:stream';
import { RoseError, STREAMS, type SaveResult, type VersionKind } from '@rose/contract';
import type { Frame, ObjectId, SaveProgress, SaveRequest, VersionLimits } from '@rose/snapshot';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import { agentFrames } from '../drivers/agent/agent-frames.ts';
import type { ObjectStore, SaveSession } from '../drivers/objects/objects.ts';
import type { Quota } from '../store/quota.ts';
import { requireComplete } from './complete.ts';
import { LateSave } from './import/late-save.ts';
import { receiveSave, type ReceivedSave, type SaveTarget } from './save-receiver.ts';
import type { PendingLoads } from './pending-loads.ts';
import type { PreSaveHook } from './pre-save-hook.ts';
import type { Progress } from './progress.ts';
import { ScanTarget, StoringTarget } from './save-targets.ts';
import { StoredTrees, type TreeCache, type TreeSource } from './trees.ts';
import type { StoredVersion, VersionsRepository } from './versions-repository.ts';

export interface SaverOptions {
  objects: ObjectStore;
  repository: VersionsRepository;
  trees: TreeCache;
  progress: Progress;
  limits: VersionLimits;
  hook: PreSaveHook;
  quota: Pick<Quota, 'guard'>;
  loads: PendingLoads;
}

export interface SaveOrder {
  projectId: number;
  ownerId: number;
  kind: VersionKind;
  message: string;
  authorId: number | null;
  requestId: string | null;
  /** `read`: read every file, whatever the stat cache says. `send`: send every object too, which heals damaged ones. */
  full: false | 'read' | 'send';
  /** Somebody waits for the orchestrator's end: the project's own command is not run. */
  isHasty?: boolean;
  /** Make no version when the active one, or any, has this content already; checkpoints do that. */
  unless: 'active' | 'saved' | null;
  /** Whether the version becomes the active one. */
  activates: boolean;
}

/** The live state of a workspace, as far as it matters for a plan. */
export interface LiveState {
  root: ObjectId;
  rootMtimeNs: bigint;
  trees: TreeSource;
  skipped: readonly string[];
}

/** What a save is compared to. */
interface SaveBase {
  version: StoredVersion | null;
  /** Whether its objects need not be sent. */
  isSpared: boolean;
}

export interface SavedVersion {
  result: SaveResult;
  /** Whether it was made now; a checkpoint may find its content saved already. */
  isNew: boolean;
  live: LiveState;
}

/** Takes saves and scans from agents. The caller holds the project's lock. */
export class Saver {
  readonly #options: SaverOptions;

  constructor(options: SaverOptions) {
    this.#options = options;
  }

  /**
   * Saves the workspace. Until the version's transaction commits nothing is visible; after it
   * everything is durable.
   */
  async save(order: SaveOrder, agent: AgentConnection, signal?: AbortSignal): Promise<SavedVersion> {
    const startedAt = performance.now();
    await this.#options.loads.settle(order.projectId, agent);
    if (order.isHasty !== true) await this.#options.hook.run(order, agent, signal);
    const saved = await this.#despiteDamage(order.projectId, order.full === 'send', (sendsAll) =>
      this.#attempt(order, sendsAll, agent, startedAt, signal),
    );
    if (order.full !== false) await this.#options.repository.noteFullSave(order.projectId);
    return saved;
  }

  async #attempt(
    order: SaveOrder,
    sendsAll: boolean,
    agent: AgentConnection,
    startedAt: number,
    signal?: AbortSignal,
  ): Promise<SavedVersion> {
    await using session = await this.#options.objects.beginSave(order.ownerId);
    // Looked up only now: from here on nothing of it is collected.
    const base = await this.#options.repository.base(order.projectId);
    const request: SaveRequest = {
      base: sendsAll ? null : (base?.root ?? null),
      full: order.full !== false,
      scan: false,
    };
    const frames = await this.#frames(agent, request, signal);
    return await this.#save(order, { version: base, isSpared: !sendsAll }, frames, session, startedAt);
  }

  /**
   * Saves the tree in a zip, which the agent unpacks beside the workspace.
   * @throws RoseError ARCHIVE_REFUSED, TOO_LARGE, NO_SPACE and as `save`; then nothing was saved
   */
  async import(order: SaveOrder, zip: Readable, agent: AgentConnection, signal?: AbortSignal): Promise<SavedVersion> {
    const startedAt = performance.now();
    const headers = { 'content-type': 'application/zip' };
    await using session = new LateSave(() => this.#options.objects.beginSave(order.ownerId));
    const body = await agent.stream({ method: 'POST', path: `/-/${STREAMS.import}`, headers, body: zip, signal });
    const base = { version: null, isSpared: false };
    return await this.#save(order, base, agentFrames(body, signal), session, startedAt);
  }

  async #save(
    order: SaveOrder,
    { version: base, isSpared }: SaveBase,
    frames: AsyncIterable<Frame>,
    session: SaveSession,
    startedAt: number,
  ): Promise<SavedVersion> {
    const { objects, repository, quota } = this.#options;
    const { projectId, ownerId } = order;
    const target = new StoringTarget(quota.guard(session, order), objects, ownerId);
    const received = await this.#receive(projectId, frames, target);
    await target.flush();
    const trees = this.treesOf(ownerId);
    await this.#requireComplete(received, isSpared ? (base?.root ?? null) : null, trees, false);
    const live = liveOf(received, trees);
    const { mismatched } = received.summary;
    await session.confirm();
    const existing = await this.#existing(order, base, received.root);
    if (existing !== null) {
      await repository.setBase(projectId, existing.number);
      return { result: { ...resultOf(existing), mismatched }, isNew: false, live };
    }
    const storedBytes = isSpared || base === null ? received.storedBytes : target.newBytes;
    const version = await this.#commit(order, { ...received, storedBytes }, Math.round(performance.now() - startedAt));
    return { result: { ...resultOf(version), mismatched }, isNew: true, live };
  }

  async #existing(
    { unless, projectId }: SaveOrder,
    base: StoredVersion | null,
    root: ObjectId,
  ): Promise<StoredVersion | null> {
    const { repository } = this.#options;
    // Of several equal versions the one that the workspace derives from: undoing a load twice comes back to it.
    if (unless === 'saved') return base?.root === root ? base : await repository.byRoot(projectId, root);
    const active = unless === 'active' ? await repository.active(projectId) : null;
    return active?.root === root ? active : null;
  }

  async #commit(order: SaveOrder, received: ReceivedSave, durationMs: number): Promise<StoredVersion> {
    const { summary, totals, root, storedBytes } = received;
    const { files, bytes: logicalBytes } = totals;
    const facts = {
      root,
      rootMtimeNs: BigInt(summary.rootMtimeNs),
      files,
      logicalBytes,
      storedBytes,
      durationMs,
      changed: summary.changed,
      skipped: summary.skipped,
    };
    const { projectId, message, kind, authorId, requestId, activates } = order;
    const number = await this.#options.repository.add({
      projectId,
      message,
      kind,
      authorId,
      requestId,
      activates,
      ...facts,
    });
    return { number, ...facts };
  }

  /** Finds out the live state and stores nothing. */
  async scan(
    project: { projectId: number; ownerId: number; full?: boolean },
    agent: AgentConnection,
    signal?: AbortSignal,
  ): Promise<LiveState & { base: StoredVersion | null }> {
    await this.#options.loads.settle(project.projectId, agent);
    const base = await this.#options.repository.base(project.projectId);
    const stored = this.treesOf(project.ownerId);
    return await this.#despiteDamage(project.projectId, false, async (sendsAll) => {
      const target = new ScanTarget(this.#options.objects, project.ownerId, stored);
      const root = sendsAll ? null : (base?.root ?? null);
      const frames = await this.#frames(agent, { base: root, full: project.full ?? false, scan: true }, signal);
      const received = await this.#receive(project.projectId, frames, target);
      await this.#requireComplete(received, root, target, true);
      return { ...liveOf(received, target), base };
    });
  }

  /**
   * A base that is damaged is no base: then everything is sent, and a save heals what was damaged. An object that
   * the base has lost looks like one that it never had.
   */
  async #despiteDamage<T>(
    projectId: number,
    sendsAll: boolean,
    attempt: (sendsAll: boolean) => Promise<T>,
  ): Promise<T> {
    try {
      return await attempt(sendsAll);
    } catch (error) {
      const isDamage = error instanceof RoseError && (error.code === 'DAMAGED' || error.code === 'AGENT_LIED');
      if (sendsAll || !isDamage || (await this.#options.repository.base(projectId)) === null) throw error;
      return await attempt(true).catch((again: unknown) => {
        throw error.code === 'DAMAGED' ? again : error;
      });
    }
  }

  treesOf(ownerId: number): StoredTrees {
    return new StoredTrees(this.#options.objects, ownerId, this.#options.trees);
  }

  async #frames(agent: AgentConnection, request: SaveRequest, signal?: AbortSignal): Promise<AsyncIterable<Frame>> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(request);
    const answer = await agent.stream({ method: 'POST', path: `/-/${STREAMS.save}`, headers, body, signal });
    return agentFrames(answer, signal);
  }

  async #receive(projectId: number, frames: AsyncIterable<Frame>, target: SaveTarget): Promise<ReceivedSave> {
    return await receiveSave(frames, target, this.#options.limits, (progress) => this.#report(projectId, progress));
  }

  #report(projectId: number, { files, bytes }: SaveProgress): void {
    this.#options.progress.report(projectId, {
      deed: 'save',
      phase: 'reading',
      files,
      filesTotal: null,
      bytes,
      bytesTotal: null,
    });
  }

  async #requireComplete(
    { root, sent }: ReceivedSave,
    base: ObjectId | null,
    trees: TreeSource,
    treesOnly: boolean,
  ): Promise<void> {
    if (sent.refersToBase) await requireComplete({ root, base, sent, trees, treesOnly });
  }
}

function liveOf(received: ReceivedSave, trees: TreeSource): LiveState {
  const { root, summary } = received;
  return { root, rootMtimeNs: BigInt(summary.rootMtimeNs), trees, skipped: summary.skipped.map(({ path }) => path) };
}

export function resultOf(version: StoredVersion): SaveResult {
  const { number, root, files, logicalBytes, storedBytes, changed, skipped, durationMs } = version;
  return {
    version: number,
    rootTree: root,
    files,
    logicalBytes,
    storedBytes,
    changedDuringSave: changed,
    skipped,
    mismatched: [],
    durationMs,
  };
}
