import type { LoadPlan } from '@rose/contract';
import { createContext } from 'svelte';
import { Deed } from '#lib/api/deed.svelte.ts';
import { Pages } from '#lib/api/pages.svelte.ts';
import { rose } from '#lib/api/rose.ts';
import { pathsIn } from '#lib/paths.ts';
import type { OpenProject } from './open-project.svelte.ts';

/** Paths of a plan that are fetched at once. */
const PAGE = 300;

/** What somebody is about to load. */
export interface LoadWish {
  version: number;
  /** Only these; the whole version when missing. */
  paths?: string[];
  /** The version is one of this other project. */
  from?: { projectId: number; name: string };
}

/** Loading a version, from the question to the result. */
export class Load {
  wish = $state.raw<LoadWish | null>(null);
  /** Paths of the version that alone are to be loaded, one a line; empty: all of it. */
  only = $state('');
  /** Unsaved work does not even become a checkpoint. */
  isDiscarding = $state(false);
  /** A whole version was asked for, of which a part can be taken. */
  canNarrow = $state(false);
  #planned = $state('');
  /** What it would do; counts are of all, paths come page by page. */
  readonly plan: Pages<LoadPlan>;
  readonly deed: Deed<[]>;
  readonly undo: Deed<[]>;
  readonly #open: OpenProject;

  constructor(open: OpenProject) {
    this.#open = open;
    this.plan = new Pages(
      (offset, signal) => rose.versions.plan.query({ ...this.#input(), offset, limit: PAGE }, { signal }),
      (known, page) => ({ ...page, paths: [...known.paths, ...page.paths] }),
    );
    this.deed = new Deed(async () => {
      const input = { ...this.#input(), discard: this.isDiscarding };
      const deed = input.paths === undefined ? 'load' : 'restore';
      await this.#change(deed, () => rose.versions.load.mutate(input), this.wish?.from?.name);
      this.cancel();
    });
    this.undo = new Deed(() => this.#change('undo', () => rose.versions.undo.mutate({ projectId: open.id })));
  }

  /** Asks what a load would do, and shows it. */
  ask = (wish: LoadWish): void => {
    this.only = '';
    this.isDiscarding = false;
    this.canNarrow = wish.paths === undefined;
    this.#plan(wish);
  };

  /** The paths that were typed are not those of the plan that is shown. */
  get isOutdated(): boolean {
    return this.only !== this.#planned;
  }

  /** Asks what a load of the paths that were typed would do. */
  narrow = (): void => {
    if (this.wish === null) return;
    const { version } = this.wish;
    const paths = pathsIn(this.only);
    this.#plan(paths.length === 0 ? { version } : { version, paths });
  };

  cancel = (): void => {
    this.plan.list.stop();
    this.wish = null;
  };

  #plan(wish: LoadWish): void {
    this.wish = wish;
    this.#planned = this.only;
    this.deed.failure = null;
    this.plan.list.clear();
    void this.plan.list.load();
  }

  #input(): { projectId: number; version?: number; paths?: string[]; from?: { projectId: number; version: number } } {
    if (this.wish === null) throw new Error('Nothing to load was named.');
    const { version, paths, from } = this.wish;
    const projectId = this.#open.id;
    if (from === undefined) return { projectId, version, paths };
    return { projectId, from: { projectId: from.projectId, version }, paths };
  }

  async #change(
    deed: 'load' | 'restore' | 'undo',
    act: () => ReturnType<typeof rose.versions.undo.mutate>,
    origin?: string,
  ): Promise<void> {
    const open = this.#open;
    open.outcome = null;
    try {
      open.outcome = { deed, result: await open.progress.during(act), origin };
    } finally {
      open.filesChanged += 1;
      await open.refresh();
    }
  }
}

export const [getLoad, setLoad] = createContext<Load>();
