import { RoseError } from '@rose/contract';
import {
  parseObjectId,
  type Frame,
  type LoadOutcome,
  type Raw,
  type SaveRequest,
  type SaveSummary,
} from '@rose/snapshot';
import { close, openRoot } from '@rose/snapshot/disk';
import { log } from '../log.ts';
import { readCache, writeCache } from './cache-file.ts';
import { recordLoad } from './cache-edit.ts';
import { LoadApplier } from './load-apply.ts';
import { LoadFolder, type JournalState } from './load-journal.ts';
import { LoadStage } from './load-stage.ts';
import { damagedFiles } from './load-verify.ts';
import type { SaveSink } from './read-file.ts';
import { saveTree } from './save-tree.ts';
import { StatCache } from './stat-cache.ts';

/** How the last load of this workspace stands. */
export interface LoadStanding {
  loadId: string;
  outcome: LoadOutcome;
  /** Files whose bytes were lost in a power cut after the load. */
  damaged: string[];
}

/**
 * Saves and loads of one workspace. Everything in here runs without a pause, so it lives in a
 * worker; one deed at a time.
 */
export class SnapshotEngine implements Disposable {
  readonly #workspace: string;
  readonly #own: string;
  readonly #cache: StatCache;
  #stage: LoadStage | null = null;
  /** A load stopped half-way; it is finished before anything else is done. */
  #isUnfinished = true;
  #standing: LoadStanding | null = null;
  #stageFds: number[] = [];

  /** `workspace` is the versioned tree, `own` the agent's directory on the same file system. */
  constructor(workspace: string, own: string) {
    this.#workspace = workspace;
    this.#own = own;
    this.#cache = readCache(this.#cachePath);
  }

  get #cachePath(): string {
    return `${this.#own}/stat-cache.json`;
  }

  /** Finishes what a killed agent left. When that fails, every deed tries again first, and tells why. */
  start(): void {
    try {
      this.#finishLoad();
    } catch (error) {
      log('error', 'a load stopped half-way and cannot be finished', { error: String(error) });
    }
  }

  /** How the last load ended; null when none is on record. @throws RoseError NEEDS_ATTENTION when it cannot be finished */
  standing(): LoadStanding | null {
    this.#finishLoad();
    return this.#standing;
  }

  /** A load that stopped half-way is finished before anything else looks at the workspace. */
  #finishLoad(): void {
    if (!this.#isUnfinished) return;
    try {
      this.#standing = this.#recover();
    } catch (cause) {
      throw halfWay(cause);
    }
    this.#isUnfinished = false;
  }

  /** Finishes a load that a killed agent had begun to apply, or throws away one that it had only staged. */
  #recover(): LoadStanding | null {
    const state = LoadFolder.read(this.#own);
    if (state === null || state.phase === 'staging') {
      LoadFolder.discard(this.#own);
      return null;
    }
    if (state.phase === 'staged') {
      using folder = LoadFolder.open(this.#own);
      this.#apply(folder, state, () => {});
      folder.clean();
    }
    const damaged = state.hasRebooted && state.phase !== 'settled' ? this.#damaged(state) : [];
    return { loadId: state.begin.loadId, outcome: outcomeOf(state), damaged };
  }

  #damaged(state: JournalState): string[] {
    const root = openRoot(this.#workspace);
    try {
      return damagedFiles(root, state.operations);
    } finally {
      close(root);
    }
  }

  save(request: SaveRequest, sink: SaveSink): SaveSummary {
    this.#finishLoad();
    const root = openRoot(this.#workspace);
    try {
      const base = request.base === null ? null : parseObjectId(request.base);
      return saveTree({ root, cache: this.#cache, base, full: request.full, scan: request.scan, sink });
    } finally {
      close(root);
    }
  }

  /** Saves a tree beside the workspace; `modes` stand in place of those on the disk. @throws RoseError ARCHIVE_REFUSED when a part cannot be saved */
  saveStaged(tree: string, modes: ReadonlyMap<Raw, number>, sink: SaveSink): SaveSummary {
    const root = openRoot(tree);
    try {
      const summary = saveTree({ root, cache: new StatCache(), base: null, full: true, scan: false, sink, modes });
      const lost = summary.skipped[0];
      if (lost === undefined) return summary;
      throw new RoseError(
        'ARCHIVE_REFUSED',
        `${JSON.stringify(lost.path)} of the zip cannot be saved: ${lost.reason}.`,
        { path: lost.path },
      );
    } finally {
      close(root);
    }
  }

  /** Takes the next frame of a load. @throws RoseError; the load is then undone. */
  stage(frame: Frame): void {
    if (this.#stage === null) {
      this.#finishLoad();
      this.#stageFds = [openRoot(this.#workspace), openRoot(this.#own)];
      this.#stage = new LoadStage(this.#stageFds[0]!, this.#stageFds[1]!, this.#cache);
    }
    this.#stage.push(frame);
  }

  /** Whether every frame of the load is there. */
  get isStaged(): boolean {
    return this.#stage?.isWhole ?? false;
  }

  /**
   * Carries out the staged load. After this began it is finished, if need be by `recover`.
   * @throws RoseError NEEDS_ATTENTION when the disk refused half-way; every later deed tries to finish it first
   */
  apply(progress: (done: number, all: number) => void): LoadStanding {
    const { begin, operations } = this.#stage!;
    const folder = this.#stage!.release();
    this.#isUnfinished = true;
    try {
      folder.commit(operations.length);
      const state: JournalState = { begin, operations, conflicts: new Set(), phase: 'staged', hasRebooted: false };
      this.#apply(folder, state, (done) => progress(done, operations.length));
      this.#isUnfinished = false;
      return (this.#standing = { loadId: begin.loadId, outcome: outcomeOf(state), damaged: [] });
    } catch (cause) {
      throw halfWay(cause);
    } finally {
      if (this.#isUnfinished) folder[Symbol.dispose]();
      else
        void settle(folder).catch((error: unknown) =>
          log('warn', 'a load is not on the medium yet', { error: String(error) }),
        );
    }
  }

  #apply(folder: LoadFolder, state: JournalState, progress: (done: number) => void): void {
    const root = openRoot(this.#workspace);
    try {
      new LoadApplier(root, folder, state.conflicts).apply(state.operations, progress);
      folder.finish();
      if (this.#cache.root?.tree === state.begin.base)
        recordLoad(this.#cache, root, state.operations, state.conflicts, parseObjectId(state.begin.base));
    } finally {
      close(root);
    }
  }

  /** Ends a load; what was staged but not applied is thrown away. */
  endLoad(): void {
    this.#stage?.[Symbol.dispose]();
    for (const fd of this.#stageFds) close(fd);
    this.#stage = null;
    this.#stageFds = [];
  }

  /** Writes the stat cache; failing to costs only time. */
  persist(): void {
    writeCache(this.#cachePath, this.#cache);
  }

  [Symbol.dispose](): void {
    this.endLoad();
  }
}

/** Frees what was replaced; the medium follows while other work goes on. */
async function settle(folder: LoadFolder): Promise<void> {
  using _ = folder;
  folder.clean();
  await folder.settle();
}

function halfWay(cause: unknown): RoseError<'NEEDS_ATTENTION'> {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `A load of the workspace stopped half-way (${why}). It is finished as soon as that is mended.`;
  return new RoseError('NEEDS_ATTENTION', message, {}, { cause });
}

function outcomeOf(state: JournalState): LoadOutcome {
  return { conflicts: [...state.conflicts].map((index) => state.operations[index]!.operation.path) };
}
