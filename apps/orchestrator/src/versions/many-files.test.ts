import { randomUUID } from 'node:crypto';
import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parcelOf, type Files } from '../../test/store-bench.ts';
import { PostgresObjects } from '../drivers/objects/postgres-objects.ts';
import { VersionsRepository } from './versions-repository.ts';

/** The long form, with 100,000 of each and a real workspace: scripts/size-test.ts. */
const FILES = 20_000;
const DIRECTORIES = FILES / 100;
const MIB = 1024 * 1024;
let house: TestOrchestrator;
let ada: Person;
let projectId: number;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await house.signUp('Ada');
  const { prisma } = house.context.database;
  const project = { ownerId: ada.id, name: 'heap', workspacePath: randomUUID() };
  ({ id: projectId } = await prisma.project.create({ data: project }));
  await save({ only: 'one' });
  const names = Array.from({ length: FILES }, (_, at) => `f${at}`);
  const flat = Object.fromEntries(names.map((name) => [name, 'line']));
  const many = Object.fromEntries(
    Array.from({ length: DIRECTORIES }, (_, at) => [
      `d${at}`,
      Object.fromEntries(names.slice(at * 100, at * 100 + 100).map((name) => [name, `line of d${at}`])),
    ]),
  );
  await save({ only: 'one', flat, many });
  await save({ only: 'one', flatter: flat, more: many });
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** As a save would, without a container. */
async function save(files: Files): Promise<void> {
  const { prisma, pool } = house.context.database;
  const { root, objects } = parcelOf(files);
  await using session = await new PostgresObjects(pool).beginSave(ada.id);
  for (let at = 0; at < objects.length; at += 500) await session.put(objects.slice(at, at + 500));
  const facts = { files: 0, logicalBytes: 0, storedBytes: 0, durationMs: 0, rootMtimeNs: 0n, changed: [], skipped: [] };
  const origin = { message: '', kind: 'manual' as const, authorId: ada.id, requestId: null, activates: true };
  await new VersionsRepository(prisma).add({ projectId, root, ...origin, ...facts });
}

const tree = (page: { path?: string; cursor?: string; limit?: number }) =>
  ada.rose.versions.tree.query({ projectId, version: 2, ...page });
const diff = (from: number, to: number, page: { offset?: number; limit?: number } = {}) =>
  ada.rose.comparisons.diff.query({ projectId, from, to, ...page });
const ALL = 2 * FILES + DIRECTORIES + 2;

describe('a version of many files', () => {
  it('lists a directory page by page: every name once, sorted, however long the pages are', async () => {
    for (const limit of [700, 5000]) {
      const names: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: Awaited<ReturnType<typeof tree>> = await tree({ path: 'flat', cursor, limit });
        expect(page.entries.length).toBeLessThanOrEqual(limit);
        names.push(...page.entries.map(({ name }) => name));
        cursor = page.next;
      }
      expect(names).toHaveLength(FILES);
      expect(names).toEqual(names.toSorted());
    }
    expect((await tree({ path: 'flat' })).entries).toHaveLength(1000);
    expect(await tree({ path: 'flat', cursor: 'f99990', limit: 20 })).toMatchObject({ next: null });
    expect(await tree({ path: 'flat', cursor: 'zzz' })).toEqual({ entries: [], next: null });
    expect(await tree({ path: 'flat/f7' })).toMatchObject({ entries: [{ name: 'f7', size: 4 }], next: null });
  });

  it('is compared page by page, in bounded memory', async () => {
    const before = memory();
    const seen = new Set<string>();
    let peak = before;
    for (let offset: number | null = 0; offset !== null;) {
      const page: Awaited<ReturnType<typeof diff>> = await diff(1, 2, { offset, limit: 9000 });
      expect(page.total).toBe(ALL);
      for (const { path } of page.changes) seen.add(path);
      offset = page.next;
      peak = Math.max(peak, memory());
    }
    expect(seen.size).toBe(ALL);
    const moved = await diff(2, 3);
    // Every file was renamed, and the directories that held them went and came.
    expect(moved.total).toBe(2 * FILES + 2 * (DIRECTORIES + 2));
    expect(moved.changes[0]).toMatchObject({ change: 'removed', path: 'flat', kind: 'directory' });
    expect(peak - before).toBeLessThan(200 * MIB);
  });

  it('is searched, and the history of one of its paths is found', async () => {
    let hits = 0;
    const order = { projectId, version: 2, maxHits: 100_000 };
    for await (const piece of await ada.rose.search.names.query({ ...order, pattern: 'f[0-9]*7$' }))
      if ('hits' in piece) hits += piece.hits.length;
    expect(hits).toBe((2 * FILES) / 10);
    let lines = 0;
    for await (const piece of await ada.rose.search.content.query({ ...order, pattern: 'of d7$' }))
      if ('hits' in piece) lines += piece.hits.length;
    expect(lines).toBe(100);
    const { versions } = await ada.rose.comparisons.history.query({ projectId, path: 'flat/f7' });
    expect(versions.map(({ version, change }) => [version, change])).toEqual([
      [2, 'added'],
      [3, 'removed'],
    ]);
  });
});

it('versions come in pages, the newest first, each oldest first', async () => {
  const list = async (page: { before?: number; limit?: number }) =>
    (await ada.rose.versions.list.query({ projectId, ...page })).map(({ version }) => version);
  expect(await list({})).toEqual([1, 2, 3]);
  expect(await list({ limit: 2 })).toEqual([2, 3]);
  expect(await list({ limit: 2, before: 2 })).toEqual([1]);
  expect(await list({ before: 1 })).toEqual([]);
});

/** Buffers and heap of this process, in which the orchestrator runs. */
function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
