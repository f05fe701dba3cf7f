import { expect, test } from 'vitest';
import { StartLines } from './start-lines.ts';

async function heard(lines: StartLines, count: number): Promise<string[]> {
  const stop = new AbortController();
  const all: string[] = [];
  for await (const { line } of lines.watch(7, stop.signal)) if (all.push(line) === count) stop.abort();
  return all;
}

test('who comes late hears the whole start, then what is told from now on', async () => {
  const lines = new StartLines();
  lines.tell(7, 'of an earlier start');
  lines.begin(7);
  lines.tell(7, 'one');
  const late = heard(lines, 3);
  lines.tell(8, 'of another project');
  lines.tell(7, 'two');
  await expect.poll(() => lines.tell(7, 'three')).toBeUndefined();
  expect(await late).toEqual(['one', 'two', 'three']);
});

test('a start that begins while somebody listens is heard from its first line', async () => {
  const lines = new StartLines();
  for (const line of ['a', 'b', 'c']) lines.tell(7, line);
  const listening = heard(lines, 5);
  await expect.poll(() => true).toBe(true);
  lines.begin(7);
  lines.tell(7, 'd');
  lines.tell(7, 'e');
  expect(await listening).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('only the newest lines are kept, without control characters', async () => {
  const lines = new StartLines();
  for (let n = 0; n < 1000; n += 1) lines.tell(7, `\u001B[31m${n}${'x'.repeat(5000)}`);
  const kept = await heard(lines, 200);
  expect(kept[0]).toMatch(/^ \[31m800x/);
  expect(Math.max(...kept.map((line) => line.length))).toBe(1000);
});

test('who asks for news alone hears nothing of before', async () => {
  const lines = new StartLines();
  lines.tell(7, 'before');
  const stop = new AbortController();
  const news = lines.watch(7, stop.signal, false);
  const first = news.next();
  lines.tell(7, 'after');
  expect((await first).value).toEqual({ line: 'after' });
  stop.abort();
});

test('only the projects that started last are remembered, and who watches one hears on', async () => {
  const lines = new StartLines();
  for (let n = 0; n < 3; n += 1) lines.tell(7, 'long ago');
  const stop = new AbortController();
  const watched = lines.watch(7, stop.signal);
  for (let n = 0; n < 3; n += 1) await watched.next();
  const next = watched.next();
  for (let projectId = 100; projectId < 2000; projectId += 1) lines.tell(projectId, 'line');
  lines.tell(7, 'again');
  expect((await next).value).toEqual({ line: 'again' });
  expect(await heard(lines, 1)).toEqual(['again']);
  stop.abort();
});
