import { randomBytes } from 'node:crypto';
import { idOf } from '@rose/snapshot';
import { codeOf } from '@rose/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BadDisk } from '../../test/damage.ts';
import { storeBench, type StoreBench } from '../../test/store-bench.ts';
import { Verifier } from './verifier.ts';

let bench: StoreBench;
let verifier: Verifier;
let projectId: number;
beforeEach(async () => {
  bench = await storeBench();
  verifier = new Verifier(bench);
  projectId = await bench.project('ledger');
});
afterEach(() => bench[Symbol.asyncDispose]());

const verify = (sample: number, seed = 1, signal?: AbortSignal) =>
  verifier.verify(bench.ownerId, { projectId: null, sample, seed }, signal);

it('a sample hashes about its share of the objects, others with another seed, and misses nothing that is lost', async () => {
  const files = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`f${at}`, randomBytes(20)]));
  const gone = Buffer.from('about to be lost');
  await bench.save(projectId, { ...files, gone });
  const half = await verify(0.5);
  expect(half.objects).toBeGreaterThan(120);
  expect(half.objects).toBeLessThan(280);
  expect((await verify(0.5, 0xaaaa_aaaa)).objects).toBe(402 - half.objects);
  expect((await verify(1)).objects).toBe(402);
  await new BadDisk(bench).lose(idOf(gone));
  expect((await verify(0.01)).damaged).toEqual([{ version: 1, project: 'ledger', path: 'gone' }]);
});

it('a bit that the decoder ignores is found too', async () => {
  const content = randomBytes(500);
  await bench.save(projectId, { page: content });
  // Bit 4 of the frame header's descriptor, "unused" in RFC 8878.
  await new BadDisk(bench).flip(idOf(content), 4 * 8 + 4);
  expect((await verify(1)).damaged).toEqual([{ version: 1, project: 'ledger', path: 'page' }]);
  await bench.save(projectId, { again: content });
  expect((await verify(1)).damaged).toEqual([]);
});

it('a version that was deleted while it was verified is not called damaged', async () => {
  await bench.save(projectId, { page: 'one' });
  await bench.save(projectId, { page: 'two' });
  const { objects, repository, trees } = bench;
  const late = {
    roots: async (ownerId: number) => {
      const roots = await repository.roots(ownerId);
      await bench.retention.delete(projectId, 1).catch(() => {});
      await bench.collector.collect(ownerId);
      return roots;
    },
  };
  const slow = new Verifier({ objects, repository: late, trees });
  const { damaged } = await slow.verify(bench.ownerId, { projectId: null, sample: 1, seed: 0 });
  expect(damaged).toEqual([]);
});

it('a caller who leaves ends it', async () => {
  await bench.save(projectId, { page: 'one' });
  expect(await codeOf(verify(1, 1, AbortSignal.abort()))).toBe('CANCELLED');
});

it('of one project only what its versions reach is hashed, each object once, and all damage of it is found', async () => {
  const shared = randomBytes(30);
  await bench.save(projectId, { shared, own: randomBytes(30), d: { deep: 'one' } });
  await bench.save(projectId, { shared, d: { deep: 'two' } });
  const other = await bench.project('other');
  const strange = randomBytes(40);
  await bench.save(other, { strange, shared });
  const one = () => verifier.verify(bench.ownerId, { projectId, sample: 1, seed: 0 });
  // Two roots, two directories, four files; the other project has a root and a file more.
  expect(await one()).toMatchObject({ objects: 8, damaged: [] });
  expect(await verify(1)).toMatchObject({ objects: 10, damaged: [] });
  const disk = new BadDisk(bench);
  await disk.flip(idOf(strange));
  expect((await one()).damaged).toEqual([]);
  expect((await verify(1)).damaged).toEqual([{ version: 1, project: 'other', path: 'strange' }]);
  await disk.flip(idOf(shared));
  await disk.lose(idOf(Buffer.from('two')));
  expect((await one()).damaged).toEqual([
    { version: 1, project: 'ledger', path: 'shared' },
    { version: 2, project: 'ledger', path: 'd/deep' },
    { version: 2, project: 'ledger', path: 'shared' },
  ]);
});
