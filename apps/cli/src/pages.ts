import type { Difference, DirectoryEntry, LoadPlan, Version, WorkspaceStatus } from '@rose/contract';
import type { Cli } from './cli.ts';

/** Lists that come in pages, whole. */

const ENTRIES = 5000;
const CHANGES = 10_000;

interface DirectoryPage {
  entries: DirectoryEntry[];
  next: string | null;
}

/** @param list gives the page after a name */
export async function allEntries(
  list: (page: { cursor: string; limit: number }) => Promise<DirectoryPage>,
): Promise<DirectoryEntry[]> {
  const pages: DirectoryEntry[][] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: DirectoryPage = await list({ cursor, limit: ENTRIES });
    pages.push(page.entries);
    cursor = page.next;
  }
  return pages.flat();
}

/** Oldest first. */
export async function allVersions(cli: Cli, projectId: number): Promise<Version[]> {
  const pages: Version[][] = [];
  for (let before: number | undefined; ;) {
    const page: Version[] = await cli.rose.versions.list.query({ projectId, before }, cli.options);
    const [oldest] = page;
    if (oldest === undefined) return pages.flat();
    pages.unshift(page);
    before = oldest.version;
  }
}

/** @param compare gives the page of a comparison or a status */
export async function allChanges<T extends { changes: Difference[]; next: number | null }>(
  compare: (page: { offset: number; limit: number }) => Promise<T>,
): Promise<T> {
  const first = await compare({ offset: 0, limit: CHANGES });
  const pages = [first.changes];
  for (let { next } = first; next !== null;) {
    const page = await compare({ offset: next, limit: CHANGES });
    pages.push(page.changes);
    next = page.next;
  }
  return { ...first, changes: pages.flat(), next: null };
}

export async function wholeStatus(cli: Cli, projectId: number): Promise<WorkspaceStatus> {
  return await allChanges((page) => cli.rose.versions.status.query({ projectId, ...page }, cli.options));
}

/** A plan with all of its paths. */
export async function wholePlan(
  plan: (page: { offset: number; limit: number }) => Promise<LoadPlan>,
): Promise<LoadPlan> {
  const first = await plan({ offset: 0, limit: CHANGES });
  const pages = [first.paths];
  for (let { next } = first; next !== null;) {
    const page = await plan({ offset: next, limit: CHANGES });
    pages.push(page.paths);
    next = page.next;
  }
  return { ...first, paths: pages.flat(), next: null };
}
