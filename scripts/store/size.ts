import { readFileSync, writeFileSync } from 'node:fs';
import type { House } from '../kill/house.ts';
import { shell } from '../kill/workspace.ts';

const PAGE = 5000;
const LONG_PAGE = 10_000;
const PER_DIRECTORY = 100;

export interface SizeMeasurement {
  /** Resident memory of the orchestrator before, MB. */
  atRest: number;
  /** Highest resident memory while something was done, MB. */
  peaks: Record<string, number>;
}

/** @throws Error when a list is not complete */
export async function measureSize(house: House, files: number): Promise<SizeMeasurement> {
  const { rose, projectId } = house;
  const id = { projectId };
  await shell(house, 'echo one > only');
  const { version: small } = await rose.versions.save.mutate(id);
  const atRest = memory(house.pid);
  const peaks: Record<string, number> = {};
  const during = async (what: string, deed: () => Promise<void>): Promise<void> => {
    forgetPeak(house.pid);
    await deed();
    peaks[what] = peak(house.pid);
  };

  await shell(house, makeFiles(files));
  // An auto-save may come in between.
  let large = 0;
  await during('save', async () => {
    const saved = await rose.versions.save.mutate(id);
    expectCount('files', saved.files, 2 * files + 1);
    large = saved.version;
  });
  await during('list', async () => {
    expectCount('entries of one directory', (await namesIn(house, large, 'flat')).length, files);
    let found = 0;
    for (const directory of await namesIn(house, large, 'many'))
      found += (await namesIn(house, large, `many/${directory}`)).length;
    expectCount('entries of many directories', found, files);
  });
  const directories = Math.ceil(files / PER_DIRECTORY) + 2;
  await during('diff', async () => expectCount('changes', await changes(house, small, large), 2 * files + directories));
  await during('search', async () => {
    const names = await rose.search.names.query({ ...id, version: large, pattern: 'f[0-9]*7$', maxHits: 100_000 });
    expectCount('names', await hitsOf(names), (2 * files) / 10);
    const lines = await rose.search.content.query({ ...id, version: large, pattern: '^line 4', maxHits: 100_000 });
    if ((await hitsOf(lines)) === 0) throw new Error('No line was found.');
  });
  await during('history', async () => {
    const { versions } = await rose.comparisons.history.query({ ...id, path: 'flat/f7' });
    expectCount('versions in the history of a path', versions.length, 1);
  });
  await during('plan', async () => {
    const plan = await rose.versions.plan.query({ ...id, version: small, offset: files, limit: LONG_PAGE });
    expectCount('paths of a plan', plan.written + plan.removed, 2 * files + directories);
    expectCount('paths of a page', plan.paths.length, Math.min(LONG_PAGE, files + directories));
  });
  await during('export', async () => {
    for await (const _ of await rose.versionZip(projectId, large));
  });
  await during('verify', async () => {
    const { damaged } = await rose.store.verify.mutate(id);
    expectCount('damaged paths', damaged.length, 0);
  });
  await shell(house, 'mv many moved; mv flat flatter');
  let moved = 0;
  await during('save of moved directories', async () => void (moved = (await rose.versions.save.mutate(id)).version));
  await during('diff of moved directories', async () => {
    const count = await changes(house, large, moved);
    if (count < 2 * files) throw new Error(`Only ${count} changes are told.`);
  });
  return { atRest, peaks };
}

/** As many files in directories of a hundred, and in one directory; no two are alike. */
function makeFiles(files: number): string {
  return String.raw`mkdir many flat
    awk -v n=${files} -v per=${PER_DIRECTORY} 'BEGIN {
      for (i = 0; i < n; i++) {
        if (i % per == 0) { d = "many/d" i / per; system("mkdir " d) }
        f = d "/f" i; print "line " i > f; close(f)
        f = "flat/f" i; print "line " i " of the flat ones" > f; close(f)
      }
    }'`;
}

async function namesIn({ rose, projectId }: House, version: number, path: string): Promise<string[]> {
  const names: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { entries: { name: string }[]; next: string | null } = await rose.versions.tree.query({
      projectId,
      version,
      path,
      cursor,
      limit: PAGE,
    });
    if (page.entries.length > PAGE) throw new Error('A page is longer than was asked for.');
    for (const { name } of page.entries) names.push(name);
    cursor = page.next;
  }
  return names;
}

/** The first and the last page; every page walks all of both trees. @returns how many changes there are */
async function changes({ rose, projectId }: House, from: number, to: number): Promise<number> {
  const sides = { projectId, from, to, limit: LONG_PAGE };
  const { total, changes: first } = await rose.comparisons.diff.query({ ...sides, offset: 0 });
  const last = await rose.comparisons.diff.query({ ...sides, offset: total - first.length });
  expectCount('changes of the last page', last.changes.length, first.length);
  if (last.next !== null || last.total !== total) throw new Error('The last page is not the last.');
  return total;
}

async function hitsOf(pieces: AsyncIterable<{ hits: unknown[] } | { summary: unknown }>): Promise<number> {
  let count = 0;
  for await (const piece of pieces) if ('hits' in piece) count += piece.hits.length;
  return count;
}

function expectCount(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${found} ${what} instead of ${expected}.`);
}

function memory(pid: number): number {
  return statusOf(pid, 'VmRSS');
}

function peak(pid: number): number {
  return statusOf(pid, 'VmHWM');
}

/** The kernel's highest mark of a process begins anew: proc(5), clear_refs. */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function statusOf(pid: number, field: string): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
