import type { Comparison, Difference, FileComparison } from '@rose/contract';
import { Pages } from '#lib/api/pages.svelte.ts';
import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';
import type { Sides } from './sides.ts';

/** Changes that are fetched at once. */
const PAGE = 500;

/** What differs between two states of a project, and the lines of the path that is looked at. */
export class StateComparison {
  readonly changes: Pages<Comparison>;
  readonly lines: Resource<FileComparison>;
  /** '' while none is chosen. */
  path = $state('');

  constructor(projectId: number, { from, to }: Sides) {
    const sides = { projectId, from, to: to ?? undefined };
    this.changes = new Pages(
      (offset, signal) => rose.comparisons.diff.query({ ...sides, offset, limit: PAGE }, { signal }),
      (known, page) => ({ ...page, changes: [...known.changes, ...page.changes] }),
    );
    this.lines = new Resource((signal) => rose.comparisons.fileDiff.query({ ...sides, path: this.path }, { signal }));
  }

  /** The change of the chosen path; null where the pages that were fetched do not tell it. */
  get chosen(): Difference | null {
    return this.changes.list.value?.changes.find(({ path }) => path === this.path) ?? null;
  }

  /** Whether the chosen path can differ by lines. */
  get hasLines(): boolean {
    const { path, chosen } = this;
    if (chosen === null) return path !== '';
    return chosen.kind === 'file' && chosen.change !== 'renamed' && chosen.change !== 'mode';
  }

  load = async (): Promise<void> => {
    await this.changes.list.load();
    await this.#loadLines();
  };

  show = async (path: string): Promise<void> => {
    this.path = path;
    this.lines.clear();
    // What kind of change it is must be known first.
    if (this.changes.list.value !== undefined) await this.#loadLines();
  };

  close = (): void => {
    this.changes.close();
    this.lines.stop();
  };

  async #loadLines(): Promise<void> {
    if (this.hasLines) await this.lines.load();
  }
}
