import { setTimeout as sleep } from 'node:timers/promises';
import type { Project, SearchMode, SearchPiece, SearchSummary } from '@rose/contract';
import { codeOf, failureOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

let orchestrator: TestOrchestrator;
let ada: Person;
let project: Project;
let version: number;

/** Names with raw bytes, a binary, a file of several chunks, and what a hostile pattern never gets through. */
const TREE = `
  mkdir -p src/deep node_modules/pkg
  printf 'first\\nneedle here\\n' > src/main.ts
  printf 'needle\\n' > src/deep/other.js
  printf 'needle\\n' > node_modules/pkg/index.js
  printf 'needle\\0' > binary
  truncate -s 20M large
  { yes 'a line of filler' | head -c 6000000; echo; echo 'late needle'; } > chunks
  printf 'needle\\n' > "$(printf 'caf\\351')"
  head -c 5000 /dev/zero | tr '\\0' x > xs
  ln -s main.ts src/link
  : > empty`;

beforeAll(async () => {
  orchestrator = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await orchestrator.signUp('Ada');
  project = await ada.rose.projects.create.mutate({ name: 'Analytical engine' });
  const { code } = await ada.rose.workspace(project.id).run(['bash', '-ec', TREE]);
  expect(code).toBe(0);
  version = (await ada.rose.versions.save.mutate({ projectId: project.id })).version;
});
afterAll(() => orchestrator?.[Symbol.asyncDispose]());

type Options = { include?: string[]; exclude?: string[]; maxHits?: number; timeLimitSeconds?: number };

async function collect<M extends SearchMode>(pieces: AsyncIterable<SearchPiece<M>>) {
  const all = await Array.fromAsync(pieces);
  const { summary } = all.at(-1) as { summary: SearchSummary };
  return { hits: all.flatMap((piece) => ('hits' in piece ? piece.hits : [])), summary };
}
const content = async (pattern: string, options: Options = {}, person = ada) =>
  await collect<'content'>(
    await person.rose.search.content.query({ projectId: project.id, version, pattern, ...options }),
  );
const names = async (pattern: string, options: Options = {}) =>
  await collect<'names'>(await ada.rose.search.names.query({ projectId: project.id, version, pattern, ...options }));

test('a version is searched with its project asleep', async () => {
  const { projectId } = { projectId: project.id };
  await ada.rose.containers.stop.mutate({ projectId });
  const { hits, summary } = await content('needle', { exclude: ['node_modules'] });
  expect(hits).toEqual([
    { path: 'caf\udce9', line: 1, column: 1, length: 6, text: 'needle', offset: 0 },
    { path: 'chunks', line: expect.any(Number), column: 6, length: 6, text: 'late needle', offset: 0 },
    { path: 'src/deep/other.js', line: 1, column: 1, length: 6, text: 'needle', offset: 0 },
    { path: 'src/main.ts', line: 2, column: 1, length: 6, text: 'needle here', offset: 0 },
  ]);
  expect(summary).toEqual({
    files: 6,
    hits: 4,
    skipped: { binary: 1, large: 1, unreadable: 0 },
    truncated: false,
    timedOut: false,
  });
  expect((await ada.rose.projects.get.query({ projectId })).state).toBe('asleep');
});

test('names are found by pattern and glob, those with raw bytes too', async () => {
  expect((await names('^(main|link)')).hits).toEqual([
    { path: 'src/link', kind: 'symlink' },
    { path: 'src/main.ts', kind: 'file' },
  ]);
  expect((await names('\udce9')).hits).toEqual([{ path: 'caf\udce9', kind: 'file' }]);
  expect((await names('.', { include: ['*.js'], exclude: ['src/deep'] })).hits).toEqual([
    { path: 'node_modules/pkg/index.js', kind: 'file' },
  ]);
  expect((await names('node_modules')).hits).toEqual([{ path: 'node_modules', kind: 'directory' }]);
});

test('the live workspace answers in the same form', async () => {
  const { search } = ada.rose.workspace(project.id);
  const live = await collect<'content'>(await search.content.query({ pattern: 'needle' }));
  const saved = await content('needle');
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
  expect(live.hits.toSorted(byPath)).toEqual(saved.hits.toSorted(byPath));
  expect(live.summary).toEqual(saved.summary);
  expect(await codeOf(search.content.query({ pattern: '(' }))).toBe('INVALID_INPUT');
});

test('a pattern that backtracks for ever ends at the time limit, and the orchestrator answers meanwhile', async () => {
  const search = content('(x+x+)+y', { timeLimitSeconds: 2 });
  let answers = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      await ada.rose.accounts.me.query();
      answers += 1;
      await sleep(20);
    }
  })();
  const { summary } = await search;
  isOver = true;
  await asking;
  expect(summary).toMatchObject({ hits: 0, timedOut: true, truncated: false });
  expect(answers).toBeGreaterThan(10);
});

test('hits come before a search is through, a few searches run at once, and whose caller left are none', async () => {
  const input = { projectId: project.id, version, pattern: 'needle here|(x+x+)+y', include: ['src/**', 'xs'] };
  const leave = new AbortController();
  const begin = async () => {
    const pieces = await ada.rose.search.content.query({ ...input, timeLimitSeconds: 60 }, { signal: leave.signal });
    return await pieces[Symbol.asyncIterator]().next();
  };
  for (const { value } of await Promise.all(Array.from({ length: 4 }, begin)))
    expect(value).toMatchObject({ hits: [{ path: 'src/main.ts' }] });
  expect(await codeOf(content('needle'))).toBe('BUSY');
  leave.abort();
  const again = () => content('needle').catch((error: unknown) => error);
  await expect.poll(again, { timeout: 20_000 }).toMatchObject({ summary: { hits: 5 } });
});

test('a pattern that is none is refused by name', async () => {
  const failure = await failureOf(content('('));
  expect(failure).toMatchObject({ code: 'INVALID_INPUT', details: { issues: [{ path: 'pattern' }] } });
  expect(failure.message).toContain('Unterminated group');
});

test('a stranger finds nothing, and nobody a version that is not there', async () => {
  const mallory = await orchestrator.signUp('Mallory');
  expect(await codeOf(content('needle', {}, mallory))).toBe('NOT_FOUND');
  expect(await codeOf(mallory.rose.workspace(project.id).search.content.query({ pattern: 'needle' }))).toBe(
    'NOT_FOUND',
  );
  const input = { projectId: project.id, version: 99, pattern: 'needle' };
  expect(await codeOf(ada.rose.search.content.query(input))).toBe('NOT_FOUND');
});

test('a search that meets damage says so', async () => {
  await orchestrator.context.database.pool.query('DELETE FROM "StoredObject" WHERE entries IS NULL');
  expect(await names('main.ts')).toMatchObject({ summary: { hits: 1 } });
  expect(await codeOf(content('needle'))).toBe('DAMAGED');
});
