import type { TreeEntry } from '@rose/snapshot';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { storeBench, type Files, type StoreBench } from '../../test/store-bench.ts';
import { diffTrees } from './diff-trees.ts';
import { createTreeCache, StoredTrees } from './trees.ts';

const PACKAGES = 60;
const FOLDERS = 40;
let bench: StoreBench;
beforeEach(async () => {
  bench = await storeBench();
});
afterEach(() => bench[Symbol.asyncDispose]());

/** No two directories are alike. */
function packages(): Files {
  const files: Files = {};
  for (let index = 0; index < PACKAGES; index += 1) {
    const folders: Files = {};
    for (let inner = 0; inner < FOLDERS; inner += 1)
      folders[`folder ${inner}`] = { file: `${index}/${inner}`, lib: { deep: `deep ${index}/${inner}` } };
    files[`package ${index}`] = folders;
  }
  return files;
}

it('walks of a tree that is larger than what is kept ask the store once for many directories', async () => {
  const projectId = await bench.project();
  const { root } = await bench.versions.get(projectId, await bench.save(projectId, packages()));
  let asked = 0;
  const counting: Pick<ObjectStore, 'read'> = {
    read: (...args) => {
      asked += 1;
      return bench.objects.read(...args);
    },
  };
  // Room for half of it.
  const trees = new StoredTrees(counting, bench.ownerId, createTreeCache(3_500_000));
  const paths: string[] = [];
  let directories = 1;
  for await (const { step, path, after } of diffTrees(trees, null, root)) {
    if (step === 'leaf') paths.push(path);
    else if (step === 'enter' && (after as TreeEntry).kind === 'directory') directories += 1;
  }
  expect(directories).toBe(1 + PACKAGES * (1 + 2 * FOLDERS));
  expect(paths.length).toBe(PACKAGES * FOLDERS * 2);
  expect(paths).toEqual(paths.toSorted());
  expect(asked).toBeLessThan(directories / 20);
});
