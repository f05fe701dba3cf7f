import fs from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { entryOf, Versions } from '../../test/versions.ts';
import { untilSettled, workspaceBench } from '../../test/workspace-bench.ts';

test('a directory that was moved is not read again, nor sent but for the directories themselves', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  for (let index = 0; index < 20; index += 1) bench.write(`a/d${index % 3}/f${index}`, `content ${index}`);
  bench.write('other', 'stays');
  untilSettled();
  const first = versions.save(bench.engine);
  const reads = vi.spyOn(fs, 'readSync');
  onTestFinished(() => reads.mockRestore());
  fs.mkdirSync(bench.at('b'));
  fs.renameSync(bench.at('a'), bench.at('b/moved'));
  const second = versions.save(bench.engine, { base: first.root });
  expect(reads).not.toHaveBeenCalled();
  expect(second.sent.chunks).toEqual([]);
  expect(versions.paths(second.root)).toContain('b/moved/d2/f5');
  const entry = entryOf(versions, second.root, 'b/moved/d2/f5');
  expect(entry?.kind === 'file' && versions.content(entry).toString()).toBe('content 5');
  // And from there on it is known like any other.
  expect(versions.save(bench.engine, { base: second.root })).toMatchObject({ root: second.root, sent: { trees: [] } });
  expect(reads).not.toHaveBeenCalled();
});

test('of a directory that was moved what changed is read, and so is what merely took its place', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  for (const name of ['kept', 'changed', 'replaced']) bench.write(`a/${name}`, `old ${name}`);
  untilSettled();
  const first = versions.save(bench.engine);
  fs.renameSync(bench.at('a'), bench.at('b'));
  const { atime, mtime } = fs.statSync(bench.at('b/changed'));
  fs.writeFileSync(bench.at('b/changed'), 'new changed');
  fs.utimesSync(bench.at('b/changed'), atime, mtime);
  fs.rmSync(bench.at('b/replaced'));
  bench.write('b/replaced', 'new replaced');
  const second = versions.save(bench.engine, { base: first.root });
  expect(second.sent.chunks).toHaveLength(2);
  for (const [name, age] of [
    ['kept', 'old'],
    ['changed', 'new'],
    ['replaced', 'new'],
  ] as const) {
    const entry = entryOf(versions, second.root, `b/${name}`);
    expect(entry?.kind === 'file' && versions.content(entry).toString()).toBe(`${age} ${name}`);
  }
});

test('a full save reads a directory that was moved too', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  bench.write('a/f', 'content');
  untilSettled();
  const first = versions.save(bench.engine);
  fs.renameSync(bench.at('a'), bench.at('b'));
  const reads = vi.spyOn(fs, 'readSync');
  onTestFinished(() => reads.mockRestore());
  versions.save(bench.engine, { base: first.root, full: true });
  expect(reads).toHaveBeenCalled();
});
