import type { PathHistory } from '@rose/contract';
import { Pages } from '#lib/api/pages.svelte.ts';
import { rose } from '#lib/api/rose.ts';

const PAGE = 100;

/** The versions in which a path changed, oldest first. */
export function historyOf(projectId: number, path: string): Pages<PathHistory> {
  return new Pages(
    (after, signal) => rose.comparisons.history.query({ projectId, path, after, limit: PAGE }, { signal }),
    (known, page) => ({ ...page, versions: [...known.versions, ...page.versions] }),
  );
}
