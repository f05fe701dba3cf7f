import { idOf } from '@rose/snapshot';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BadDisk } from '../../test/damage.ts';
import { storeBench, type StoreBench } from '../../test/store-bench.ts';
import { Diagnosis } from './diagnosis.ts';
import { Verifier } from './verifier.ts';

let bench: StoreBench;
let disk: BadDisk;
let diagnosis: Diagnosis;
let project: { id: number; ownerId: number };
let looks: number;
beforeEach(async () => {
  bench = await storeBench();
  disk = new BadDisk(bench);
  project = { id: await bench.project('ledger'), ownerId: bench.ownerId };
  const verifier = new Verifier(bench);
  looks = 0;
  diagnosis = new Diagnosis({
    stateOf: (of) => verifier.stateOf(of),
    conditions: (of, signal) => {
      looks += 1;
      return verifier.conditions(of, signal);
    },
  });
  await bench.save(project.id, { page: 'one' });
  await bench.save(project.id, { page: 'two' });
  await disk.flip(idOf(Buffer.from('two')));
});
afterEach(() => bench[Symbol.asyncDispose]());

const diagnose = (failure = 'It does not wake.') => diagnosis.of(project, 2, failure);

it('the store is not hashed again while nothing changed', async () => {
  const message = await diagnose();
  expect(message).toContain('Version 2, the active one, is damaged: "page" cannot be read. Whole is version 1');
  expect(await diagnose()).toBe(message);
  expect(looks).toBe(1);
});

it('what was saved, healed, deleted or collected since is seen', async () => {
  await diagnose();
  await bench.save(project.id, { page: 'three' });
  expect(await diagnose()).toContain('Whole are versions 3, 1');
  const other = await bench.project('elsewhere');
  await bench.save(other, { page: 'two' });
  expect(await diagnose()).toContain('Whole are versions 3, 2, 1');
  await bench.retention.delete(project.id, 1);
  expect(await diagnose()).toContain('Whole are versions 3, 2');
  expect(looks).toBe(4);
});

it('another failure than before is looked into', async () => {
  await diagnose();
  await diagnose('Something else came to light.');
  expect(looks).toBe(2);
});
