import type { LoadPlan } from '@rose/contract';
import { createContext } from 'svelte';
import { Deed } from '#lib/api/deed.svelte.ts';
import { Pages } from '#lib/api/pages.svelte.ts';
import { rose } from '#lib/api/rose.ts';
import type { OpenProject } from './open-project.svelte.ts';

/** Paths of a plan that are fetched at once. */
const PAGE = 300;

/** What somebody is about to load. */
export interface LoadWish {
  version: number;
  /** Only these; the whole version when missing. */
  paths?: string[];
}

/** Loading a version, from the question to the result. */
export class Load {
  wish = $state.raw<LoadWish | null>(null);
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
      const input = this.#input();
      const deed = input.paths === undefined ? 'load' : 'restore';
      await this.#change(deed, () => rose.versions.load.mutate(input));
      this.cancel();
    });
    this.undo = new Deed(() => this.#change('undo', () => rose.versions.undo.mutate({ projectId: open.id })));
  }

  /** Asks what a load would do, and shows it. */
  ask = (wish: LoadWish): void => {
    this.wish = wish;
    this.deed.failure = null;
    this.plan.list.clear();
    void this.plan.list.load();
  };

  cancel = (): void => {
    this.plan.list.stop();
    this.wish = null;
  };

  #input(): LoadWish & { projectId: number } {
    if (this.wish === null) throw new Error('Nothing to load was named.');
    return { projectId: this.#open.id, ...this.wish };
  }

  async #change(
    deed: 'load' | 'restore' | 'undo',
    act: () => ReturnType<typeof rose.versions.undo.mutate>,
  ): Promise<void> {
    const open = this.#open;
    open.outcome = null;
    try {
      open.outcome = { deed, result: await open.progress.during(act) };
    } finally {
      open.filesChanged += 1;
      await open.refresh();
    }
  }
}

export const [getLoad, setLoad] = createContext<Load>();
