import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { storeBench, type StoreBench } from '../../test/store-bench.ts';

let bench: StoreBench;
let projectId: number;
beforeEach(async () => {
  bench = await storeBench();
  projectId = await bench.project();
});
afterEach(() => bench[Symbol.asyncDispose]());

const spaceOf = (id: number) => bench.space.ofProject({ id, ownerId: bench.ownerId });
const some = (): Buffer => randomBytes(1000);

it('a deleted version frees exactly the bytes that were said of it', async () => {
  const [shared, first, second] = [some(), some(), some()];
  await bench.save(projectId, { shared, own: first });
  await bench.save(projectId, { shared, own: second, d: { deep: some() } });
  await bench.save(projectId, { shared });
  const before = await spaceOf(projectId);
  for (const number of [2, 1]) {
    const told = (await spaceOf(projectId)).versions.find(({ version }) => version === number)!;
    expect(told.freedBytes).toBeGreaterThan(1000);
    await bench.retention.delete(projectId, number);
    expect((await bench.collector.collect(bench.ownerId)).bytes).toBe(told.freedBytes);
  }
  const after = await spaceOf(projectId);
  expect(after.ownerBytes).toBeLessThan(before.ownerBytes);
  expect(after.versions).toEqual([{ version: 3, freedBytes: after.projectBytes }]);
});

it('bytes that two versions share are freed by neither, and those of two projects are of neither alone', async () => {
  const other = await bench.project();
  const [within, across] = [some(), some()];
  await bench.save(projectId, { within, across });
  await bench.save(projectId, { across, within: within, empty: '' });
  await bench.save(other, { across });
  const space = await spaceOf(projectId);
  for (const { freedBytes } of space.versions) expect(freedBytes).toBeLessThan(500);
  expect(space.projectBytes).toBeGreaterThan(1000);
  expect(space.projectBytes).toBeLessThan(2000);
  expect((await spaceOf(other)).projectBytes).toBeLessThan(500);
  expect(space.ownerBytes).toBeGreaterThan(2000);
});

it('garbage counts for the owner until it is collected', async () => {
  await bench.save(projectId, { a: some() });
  await bench.save(projectId, { b: some() });
  const { ownerBytes } = await spaceOf(projectId);
  await bench.retention.delete(projectId, 1);
  expect((await spaceOf(projectId)).ownerBytes).toBe(ownerBytes);
  const { bytes } = await bench.collector.collect(bench.ownerId);
  expect((await spaceOf(projectId)).ownerBytes).toBe(ownerBytes - bytes);
});
