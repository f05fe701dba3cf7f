import { encodeTree, idOf, type Raw } from '@rose/snapshot';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BadDisk } from '../../test/damage.ts';
import { storeBench, type Files, type StoreBench } from '../../test/store-bench.ts';
import { differencesBetween } from './differences.ts';
import { createTreeCache, StoredTrees } from './trees.ts';

let bench: StoreBench;
let projectId: number;
beforeEach(async () => {
  bench = await storeBench();
  projectId = await bench.project();
});
afterEach(() => bench[Symbol.asyncDispose]());

async function between(before: Files, after: Files): Promise<string[]> {
  return await compare(await bench.save(projectId, before), await bench.save(projectId, after));
}

async function compare(a: number, b: number, most?: number): Promise<string[]> {
  const roots = await Promise.all([a, b].map((number) => bench.versions.get(projectId, number)));
  const trees = new StoredTrees(bench.objects, bench.ownerId, createTreeCache());
  const differences = await Array.fromAsync(differencesBetween(trees, roots[0]!.root, roots[1]!.root, most));
  return differences.map(({ change, path, from }) => `${change} ${from === undefined ? '' : `${from} -> `}${path}`);
}

it('directories that are equal are not even read', async () => {
  const large = { inside: { deep: 'the same on both sides' } };
  const [before, after] = [
    await bench.save(projectId, { large, a: '1' }),
    await bench.save(projectId, { large, a: '2' }),
  ];
  const chunk = Buffer.from('the same on both sides');
  const attributes = { mode: 0o644, mtimeSeconds: 1, mtimeNanoseconds: 0 };
  const content = { chunks: [{ id: idOf(chunk), size: chunk.length }] };
  const inside = encodeTree([{ ...attributes, kind: 'file', name: 'deep' as Raw, size: chunk.length, content }]);
  await new BadDisk(bench).lose(idOf(inside));
  expect(await compare(before, after)).toEqual(['changed a']);
});

it('of several files with the same content the one of the same name was moved', async () => {
  const copy = 'copied';
  expect(await between({ a: { x: copy, y: copy } }, { b: { y: copy, x: copy } })).toEqual([
    'removed a',
    'added b',
    'renamed a/x -> b/x',
    'renamed a/y -> b/y',
  ]);
});

it('a copy is added and its source stays; empty files are never taken for each other', async () => {
  expect(await between({ a: 'one', gone: '' }, { a: 'one', b: 'one', fresh: '' })).toEqual([
    'added b',
    'added fresh',
    'removed gone',
  ]);
});

it('of more changes than are held renames are told as removed and added, in the same order', async () => {
  const [before, after] = [
    await bench.save(projectId, { a: '1', b: '2' }),
    await bench.save(projectId, { c: '1', d: '2' }),
  ];
  expect(await compare(before, after, 4)).toEqual(['renamed a -> c', 'renamed b -> d']);
  for (const most of [0, 1, 3])
    expect(await compare(before, after, most)).toEqual(['removed a', 'removed b', 'added c', 'added d']);
});

it('what became another kind is removed and added', async () => {
  expect(await between({ a: 'file' }, { a: { inside: 'x' } })).toEqual(['removed a', 'added a', 'added a/inside']);
});
