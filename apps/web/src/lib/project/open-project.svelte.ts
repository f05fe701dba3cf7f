import type { LoadResult, Project, ProjectState, SaveResult, Version, WorkspaceStatus } from '@rose/contract';
import { createContext } from 'svelte';
import { Deed } from '#lib/api/deed.svelte.ts';
import { Pages } from '#lib/api/pages.svelte.ts';
import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';
import { StartLog } from '#lib/container/start-log.svelte.ts';
import { ProgressWatch } from './progress.svelte.ts';

/** What a save or a load has done; a restore is a load of some paths only, maybe out of another project. */
export type Outcome =
  | { deed: 'save'; result: SaveResult }
  | { deed: 'load' | 'restore' | 'undo'; result: LoadResult; origin: string | undefined };

/** Versions that are fetched at once. */
const PAGE = 1000;
/** Changes that are fetched at once. */
const CHANGES = 500;

/** The project whose pages are open, and what its parts tell each other. */
export class OpenProject {
  readonly id: number;
  readonly project: Resource<Project>;
  /** The newest, oldest first. */
  readonly versions: Resource<Version[]>;
  /** Fetches those before too. */
  readonly older: Deed<[]>;
  /** What differs from the last version; only asked for while the container runs. */
  readonly changes: Pages<WorkspaceStatus>;
  readonly progress: ProgressWatch;
  readonly startLog: StartLog;
  readonly start: Deed<[]>;
  readonly stop: Deed<[]>;
  readonly restart: Deed<[]>;
  /** The last save or load of this page, whose result is still shown. */
  outcome = $state.raw<Outcome | null>(null);
  /** Counts the times that the live files were changed from here: who shows them looks again. */
  filesChanged = $state(0);
  #wasStopped = $state(false);
  /** The first version there is, once all were fetched. */
  #first = $state<number | null>(null);

  constructor(id: number) {
    this.id = id;
    const projectId = id;
    this.project = new Resource((signal) => rose.projects.get.query({ projectId }, { signal }));
    this.versions = new Resource((signal) => rose.versions.list.query({ projectId, limit: PAGE }, { signal }));
    this.older = new Deed(async () => {
      const known = this.versions.value ?? [];
      const before = known[0]?.version;
      const page = await rose.versions.list.query({ projectId, before, limit: PAGE });
      if (page.length < PAGE) this.#first = page[0]?.version ?? before ?? null;
      this.versions.set([...page, ...known]);
    });
    this.changes = new Pages(
      (offset, signal) => rose.versions.status.query({ projectId, offset, limit: CHANGES }, { signal }),
      (known, page) => ({ ...page, changes: [...known.changes, ...page.changes] }),
    );
    this.progress = new ProgressWatch(id);
    this.startLog = new StartLog(id);
    this.start = new Deed(async () => {
      await this.#heard('starting', () => rose.containers.start.mutate({ projectId }));
      this.#wasStopped = false;
    });
    this.stop = new Deed(async () => {
      await this.#become('stopping', () => rose.containers.stop.mutate({ projectId }));
      this.#wasStopped = true;
    });
    this.restart = new Deed(() => this.#heard('stopping', () => rose.containers.restart.mutate({ projectId })));
  }

  get state(): ProjectState | null {
    return this.project.value?.state ?? null;
  }

  /** Somebody stopped it here: then looking at a page does not wake it. */
  get isResting(): boolean {
    return this.#wasStopped && this.state === 'asleep';
  }

  /** Whether there are versions before those that were fetched. */
  get hasOlder(): boolean {
    const known = this.versions.value ?? [];
    return known.length >= PAGE && known[0]?.version !== this.#first;
  }

  /** Somebody starts or stops it from here, and its answer tells the state that it ends in. */
  get isMoving(): boolean {
    return this.start.isRunning || this.stop.isRunning || this.restart.isRunning;
  }

  get canEdit(): boolean {
    return this.project.value?.role !== 'viewer';
  }

  get isOwner(): boolean {
    return this.project.value?.role === 'owner';
  }

  /** Looks again at all that a save or a load changes. Never throws. */
  refresh = async (): Promise<void> => {
    await Promise.all([this.project.load(), this.versions.load(), this.refreshStatus()]);
  };

  /** Somebody came back to the page: what may have happened meanwhile. */
  comeBack = (): void => {
    void this.versions.load();
    void this.refreshStatus();
  };

  /** A project that sleeps is not woken to be asked. */
  refreshStatus = async (): Promise<void> => {
    if (this.state === 'running') await this.changes.list.load();
  };

  /** The next state of the container; looks at the changes when it has just begun to run. */
  tell(news: Pick<Project, 'state' | 'stateReason'>): void {
    const known = this.project.value;
    if (known === undefined || this.isMoving) return;
    if (known.state === news.state && known.stateReason === news.stateReason) return;
    this.project.set({ ...known, ...news });
    if (news.state === 'running') void this.changes.list.load();
    // Stopping may have made a checkpoint.
    if (news.state === 'asleep') void this.versions.load();
  }

  close(): void {
    for (const part of [this.project, this.versions]) part.stop();
    this.changes.close();
  }

  /** A deed that starts the container: what that tells is heard from the beginning. */
  async #heard(between: ProjectState, act: () => Promise<Project>): Promise<void> {
    await this.startLog.hear();
    try {
      await this.#become(between, act);
    } finally {
      this.startLog.settle();
    }
  }

  async #become(between: ProjectState, act: () => Promise<Project>): Promise<void> {
    const before = this.project.value;
    if (before !== undefined) this.project.set({ ...before, state: between });
    try {
      this.project.set(await act());
    } catch (error) {
      await this.project.load();
      throw error;
    }
    await Promise.all([this.versions.load(), this.refreshStatus()]);
  }
}

export const [getOpenProject, setOpenProject] = createContext<OpenProject>();
