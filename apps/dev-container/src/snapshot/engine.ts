import { parseObjectId, type Frame, type LoadOutcome, type SaveRequest, type SaveSummary } from '@rose/snapshot';
import { close, openRoot, syncFileSystem } from '@rose/snapshot/disk';
import { readCache, writeCache } from './cache-file.ts';
import { recordLoad } from './cache-edit.ts';
import { LoadApplier } from './load-apply.ts';
import { LoadFolder, type JournalState } from './load-journal.ts';
import { LoadStage } from './load-stage.ts';
import type { SaveSink } from './read-file.ts';
import { saveTree } from './save-tree.ts';
import type { StatCache } from './stat-cache.ts';

/** How the last load of this workspace stands. */
export interface LoadStanding {
  loadId: string;
  outcome: LoadOutcome;
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

  /** Finishes a load that a killed agent had begun to apply, or throws away one that it had only staged. */
  recover(): LoadStanding | null {
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
    return { loadId: state.begin.loadId, outcome: outcomeOf(state) };
  }

  save(request: SaveRequest, sink: SaveSink): SaveSummary {
    const root = openRoot(this.#workspace);
    try {
      const base = request.base === null ? null : parseObjectId(request.base);
      return saveTree({ root, cache: this.#cache, base, full: request.full, scan: request.scan, sink });
    } finally {
      close(root);
    }
  }

  /** Takes the next frame of a load. @throws RoseError; the load is then undone. */
  stage(frame: Frame): void {
    if (this.#stage === null) {
      this.#stageFds = [openRoot(this.#workspace), openRoot(this.#own)];
      this.#stage = new LoadStage(this.#stageFds[0]!, this.#stageFds[1]!, this.#cache);
    }
    this.#stage.push(frame);
  }

  /** Whether every frame of the load is there. */
  get isStaged(): boolean {
    return this.#stage?.isWhole ?? false;
  }

  /** Carries out the staged load. After this began it is finished, if need be by `recover`. */
  apply(progress: (done: number, all: number) => void): LoadOutcome {
    const stage = this.#stage!;
    const { folder, begin, operations } = stage;
    folder.sync();
    syncFileSystem(folder.stage);
    folder.commit(operations.length);
    const state: JournalState = { begin, operations, conflicts: new Set(), phase: 'staged' };
    this.#apply(folder, state, (done) => progress(done, operations.length));
    return outcomeOf(state);
  }

  #apply(folder: LoadFolder, state: JournalState, progress: (done: number) => void): void {
    const root = openRoot(this.#workspace);
    try {
      new LoadApplier(root, folder, state.conflicts).apply(state.operations, progress);
      folder.finish();
      if (this.#cache.root?.tree === state.begin.base) recordLoad(this.#cache, root, state.operations, state.conflicts, parseObjectId(state.begin.base));
    } finally {
      close(root);
    }
  }

  /** Ends a load: frees what was replaced, or throws away what was staged but not applied. */
  endLoad(): void {
    if (this.#stage === null) return;
    if (this.#stage.isWhole) this.#stage.folder.clean();
    this.#stage[Symbol.dispose]();
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

function outcomeOf(state: JournalState): LoadOutcome {
  return { conflicts: [...state.conflicts].map((index) => state.operations[index]!.operation.path) };
}

