import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { close, openRoot, type Fd } from '@rose/snapshot/disk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planMerge } from './merge-plan.ts';
import { mergeTree, readJournal, undoMerge } from './merge.ts';

let home: string;
let stage: Fd;
let target: Fd;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rose-merge-'));
  for (const path of ['stage/tree/d/new', 'target/d']) mkdirSync(join(home, path), { recursive: true });
  for (const path of ['target/a', 'target/d/b', 'target/kept']) writeFileSync(join(home, path), 'old');
  for (const path of ['a', 'd/b', 'd/c', 'd/new/e', 'z']) writeFileSync(join(home, 'stage/tree', path), 'new');
  stage = openRoot(join(home, 'stage'));
  target = openRoot(join(home, 'target'));
});
afterEach(() => {
  close(stage);
  close(target);
  rmSync(home, { recursive: true });
});

/** Path and content of every file. */
function contentOf(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return Object.fromEntries(paths.map((path) => [path.slice(directory.length + 1), readFileSync(path, 'utf8')]));
}

test('a merge replaces files, adds what is missing and keeps the rest', () => {
  mergeTree(stage, target, '' as never);
  expect(contentOf(join(home, 'target'))).toEqual({
    a: 'new',
    'd/b': 'new',
    'd/c': 'new',
    'd/new/e': 'new',
    kept: 'old',
    z: 'new',
  });
  expect(readJournal(stage)).toBeNull();
});

test('a merge that fails on its way puts everything back', () => {
  const before = contentOf(join(home, 'target'));
  const tree = openRoot(join(home, 'stage/tree'));
  const steps = planMerge(tree, target);
  close(tree);
  expect(steps.map(({ path }) => path)).toEqual(['a', 'd/b', 'd/c', 'd/new', 'z']);
  // The last step meets what came up after the plan was made.
  mkdirSync(join(home, 'stage/aside'));
  expect(() => mergeTree(stage, target, '' as never)).toThrow();
  expect(contentOf(join(home, 'target'))).toEqual(before);
});

test('a merge that was cut short after any rename is undone from what is where', () => {
  const before = { target: contentOf(join(home, 'target')), staged: contentOf(join(home, 'stage/tree')) };
  const tree = openRoot(join(home, 'stage/tree'));
  const steps = planMerge(tree, target);
  close(tree);
  mkdirSync(join(home, 'stage/aside'));
  const renames = steps.flatMap(({ path, replaces }, index) => [
    ...(replaces ? [[join(home, 'target', path), join(home, 'stage/aside', String(index))]] : []),
    [join(home, 'stage/tree', path), join(home, 'target', path)],
  ]);
  expect(renames).toHaveLength(7);
  for (let done = 0; done <= renames.length; done += 1) {
    writeFileSync(join(home, 'stage/journal'), JSON.stringify({ path: '', steps }));
    for (const [from, to] of renames.slice(0, done)) renameSync(from!, to!);
    undoMerge(stage, target, readJournal(stage)!.steps);
    expect({ target: contentOf(join(home, 'target')), staged: contentOf(join(home, 'stage/tree')) }).toEqual(before);
    expect(readdirSync(join(home, 'stage/aside'))).toEqual([]);
  }
});

test('a journal that was cut while it was written means that nothing had begun', () => {
  writeFileSync(join(home, 'stage/journal'), '{"path":"","steps":[{"pa');
  expect(readJournal(stage)).toBeNull();
});
