import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { searchInput, type SearchMode, type SearchPiece, type SearchSummary } from '@rose/contract';
import { expect, test } from 'vitest';
import { useAgent } from '../../test/use-agent.ts';

const bench = useAgent();
type Options = { include?: string[]; exclude?: string[]; maxHits?: number; timeLimitSeconds?: number };

function begin<M extends SearchMode>(
  mode: M,
  pattern: string,
  options: Options,
  signal = new AbortController().signal,
) {
  const include = options.include ?? [bench.at('**')];
  return bench.agent.agent.search.search(mode, searchInput.parse({ pattern, ...options, include }), signal);
}

async function search<M extends SearchMode>(mode: M, pattern: string, options: Options = {}) {
  const pieces: SearchPiece<M>[] = await Array.fromAsync(begin(mode, pattern, options));
  const hits = pieces.flatMap((piece) => ('hits' in piece ? piece.hits : []));
  const { summary } = pieces.at(-1) as { summary: SearchSummary };
  return { hits, summary };
}
const paths = async (...args: Parameters<typeof search>) => (await search(...args)).hits.map(({ path }) => path);
const write = (file: string, content: string | Buffer) => writeFileSync(bench.disk(file), content);

test('lines of files are found wherever they lie', async () => {
  mkdirSync(bench.disk('src/deep'), { recursive: true });
  write('a.txt', 'first\nneedle\n');
  write('src/deep/b.txt', 'a needle in b\n');
  write('src/c.txt', 'nothing\n');
  expect(await search('content', 'needle')).toEqual({
    hits: [
      { path: bench.at('a.txt'), line: 2, column: 1, length: 6, text: 'needle', offset: 0 },
      { path: bench.at('src/deep/b.txt'), line: 1, column: 3, length: 6, text: 'a needle in b', offset: 0 },
    ],
    summary: {
      files: 3,
      hits: 2,
      skipped: { binary: 0, large: 0, unreadable: 0 },
      truncated: false,
      timedOut: false,
    },
  });
});

test('binary and large files are skipped and counted', async () => {
  write('binary', Buffer.concat([Buffer.from('needle'), Buffer.alloc(1)]));
  write('late NUL', `needle${' '.repeat(8000)}\0`);
  write('large', '');
  execFileSync('truncate', ['-s', String(16 * 1024 * 1024 + 1), bench.disk('large')]);
  const { hits, summary } = await search('content', 'needle');
  expect(hits).toMatchObject([{ path: bench.at('late NUL') }]);
  expect(summary).toMatchObject({ files: 1, skipped: { binary: 1, large: 1 } });
});

test('links are not followed, a FIFO holds nobody up, and what cannot be read is counted', async () => {
  symlinkSync('/etc', bench.disk('etc'));
  symlinkSync('/etc/passwd', bench.disk('passwd'));
  execFileSync('mkfifo', [bench.disk('fifo')]);
  write('secret', 'root');
  chmodSync(bench.disk('secret'), 0);
  mkdirSync(bench.disk('closed'));
  chmodSync(bench.disk('closed'), 0);
  const { hits, summary } = await search('content', 'root');
  // Root reads everything.
  const isRoot = process.getuid!() === 0;
  expect(hits).toMatchObject(isRoot ? [{ path: bench.at('secret') }] : []);
  expect(summary.skipped.unreadable).toBe(isRoot ? 0 : 2);
  expect(await search('names', '^(etc|fifo|passwd)$').then((found) => found.hits)).toEqual([
    { path: bench.at('etc'), kind: 'symlink' },
    { path: bench.at('fifo'), kind: 'other' },
    { path: bench.at('passwd'), kind: 'symlink' },
  ]);
});

test('names with raw bytes are found and come back as they are', async () => {
  writeFileSync(Buffer.concat([Buffer.from(bench.disk('caf')), Buffer.from([0xe9])]), 'needle');
  expect(await paths('names', 'caf')).toEqual([bench.at('caf\udce9')]);
  expect(await paths('names', '\udce9$')).toEqual([bench.at('caf\udce9')]);
  expect(await paths('content', 'needle')).toEqual([bench.at('caf\udce9')]);
});

test('a pattern with a slash is about the whole path, another about the last name', async () => {
  mkdirSync(bench.disk('src'));
  write('src/main.ts', '');
  expect(await paths('names', 'src')).toEqual([bench.at('src')]);
  expect(await paths('names', 'src/')).toEqual([bench.at('src/main.ts')]);
});

test('no more hits come than were asked for, and it is said whether there are more', async () => {
  write('many', 'needle\n'.repeat(250));
  expect((await search('content', 'needle', { maxHits: 249 })).summary).toMatchObject({ hits: 249, truncated: true });
  const { hits, summary } = await search('content', 'needle', { maxHits: 250 });
  expect(hits).toHaveLength(250);
  expect(summary).toMatchObject({ hits: 250, truncated: false });
});

test('excluded directories are not entered', async () => {
  mkdirSync(bench.disk('node_modules/pkg'), { recursive: true });
  write('node_modules/pkg/a.js', 'needle');
  write('a.js', 'needle');
  write('a.md', 'needle');
  const { hits, summary } = await search('content', 'needle', {
    include: ['*.js'],
    exclude: ['node_modules', 't[0-9]/**'],
  });
  expect(hits).toEqual([]);
  expect(summary.files).toBe(0);
  expect(await paths('content', 'needle', { include: [bench.at('*.js')], exclude: ['node_modules'] })).toEqual([
    bench.at('a.js'),
  ]);
});

const openFiles = () => readdirSync('/proc/self/fd').length;
const HOSTILE = '(x+x+)+y';

test('a pattern that backtracks for ever ends at the time limit with what was found, and leaves nothing open', async () => {
  write('a', 'xxy\n');
  write('b', `${'x'.repeat(5000)}\n`);
  const before = openFiles();
  const started = Date.now();
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 10);
  const { hits, summary } = await search('content', HOSTILE, { timeLimitSeconds: 4 });
  clearInterval(timer);
  expect(hits).toMatchObject([{ path: bench.at('a') }]);
  expect(summary).toMatchObject({ files: 2, hits: 1, timedOut: true });
  expect(Date.now() - started).toBeLessThan(20_000);
  expect(turns).toBeGreaterThan(20);
  expect(openFiles()).toBe(before);
});

test('a caller who leaves ends the search, and more than a few at once are BUSY', async () => {
  write('b', `${'x'.repeat(5000)}\n`);
  const leaving = new AbortController();
  const running = Array.from({ length: 4 }, () => begin('content', HOSTILE, {}, leaving.signal).next());
  const settled = Promise.allSettled(running);
  await expect(begin('content', 'x', {}).next()).rejects.toMatchObject({ code: 'BUSY' });
  leaving.abort();
  for (const result of await settled) expect(result).toMatchObject({ reason: { code: 'CANCELLED' } });
  await expect(search('content', 'x')).resolves.toMatchObject({ summary: { hits: 1 } });
});

test('a reader who takes one hit and goes holds nothing', async () => {
  write('many', 'needle\n'.repeat(20_000));
  const pieces = begin('content', 'needle', { maxHits: 20_000 });
  await pieces.next();
  await sleep(0);
  await pieces.return(undefined);
  await expect(search('content', 'needle', { maxHits: 20_000 })).resolves.toMatchObject({ summary: { hits: 20_000 } });
});

test('a pattern that is none is refused by name', async () => {
  const input = JSON.stringify({ 0: { pattern: '(' } });
  const answer = await bench.agent.call(`/search.content?batch=1&input=${encodeURIComponent(input)}`, {
    headers: { 'trpc-accept': 'application/jsonl' },
    role: 'viewer',
  });
  expect(answer.body.toString()).toMatch(/INVALID_INPUT.*pattern: Invalid regular expression/);
});
