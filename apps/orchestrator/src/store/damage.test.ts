import { idOf, type ObjectId } from '@rose/snapshot';
import { codeOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BadDisk } from '../../test/damage.ts';

let house: TestOrchestrator;
let ada: Person;
let disk: BadDisk;
let projectId: number;
let count = 0;
/** Objects are shared between projects of an owner: what a test writes, no other test wrote. */
let own: string;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await house.signUp('Ada');
  disk = new BadDisk(house.context);
});
afterAll(() => house?.[Symbol.asyncDispose]());
beforeEach(async () => {
  own = `ledger ${(count += 1)}`;
  projectId = (await ada.rose.projects.create.mutate({ name: own })).id;
});

const chunk = (content: string): ObjectId => idOf(Buffer.from(content));
const run = (script: string) => ada.rose.workspace(projectId).run(['sh', '-c', script]);
const save = (full = false) => ada.rose.versions.save.mutate({ projectId, full });
const load = (version: number) => ada.rose.versions.load.mutate({ projectId, version });
const read = async (path: string) => (await ada.rose.workspace(projectId).files.read.query({ path })).content;
const damaged = async () => (await ada.rose.store.verify.mutate({ projectId })).damaged;

/** Version 1: `kept` and `d/deep`; version 2: `d/deep` changed. */
async function twoVersions(): Promise<void> {
  await run(`mkdir d; printf %s 'kept ${own}' > kept; printf %s 'one ${own}' > d/deep`);
  await save();
  await run(`printf %s 'two ${own}' > d/deep`);
  await save();
}

describe('verify', () => {
  it('names nothing of a whole store', async () => {
    await twoVersions();
    expect(await damaged()).toEqual([]);
  });

  it('names a flipped bit of a file by each version and path that needs it', async () => {
    await twoVersions();
    await disk.flip(chunk(`kept ${own}`));
    expect(await damaged()).toEqual([
      { project: own, version: 1, path: 'kept' },
      { project: own, version: 2, path: 'kept' },
    ]);
  });

  it('names a lost object, and only the versions that need it', async () => {
    await twoVersions();
    await disk.lose(chunk(`one ${own}`));
    expect(await damaged()).toEqual([{ project: own, version: 1, path: 'd/deep' }]);
  });

  it('names the workspace itself where its root tree is damaged', async () => {
    await twoVersions();
    await disk.flip(await disk.root(projectId, 1));
    expect(await damaged()).toEqual([{ project: own, version: 1, path: '' }]);
  });
});

describe('healing', () => {
  it('a full save of a workspace that still holds the bytes makes every version whole again', async () => {
    await twoVersions();
    await disk.flip(chunk(`kept ${own}`));
    const saved = await save(true);
    expect(saved.storedBytes).toBe(0);
    expect(await damaged()).toEqual([]);
    await run('rm -r kept d');
    await load(1);
    expect([await read('kept'), await read('d/deep')]).toEqual([`kept ${own}`, `one ${own}`]);
  });

  it('a full save stores what was lost, and counts it', async () => {
    await twoVersions();
    await disk.lose(chunk(`kept ${own}`));
    expect((await save(true)).storedBytes).toBeGreaterThan(0);
    expect(await damaged()).toEqual([]);
  });

  it.each(['flip', 'lose'] as const)(
    'a save over a base whose tree is damaged (%s) sends everything, and heals it',
    async (how) => {
      await twoVersions();
      await disk[how](await disk.root(projectId, 2));
      await freshEyes();
      await run(`printf %s 'three ${own}' > d/deep`);
      expect(await save()).toMatchObject({ version: 3, files: 2 });
      await run(`printf %s 'two ${own}' > d/deep; touch -d @1 d/deep`);
      await freshEyes();
      expect((await ada.rose.versions.status.query({ projectId })).changes).toHaveLength(1);
    },
  );
});

describe('a load', () => {
  it('of a version whose bytes are damaged refuses and touches nothing', async () => {
    await twoVersions();
    await disk.flip(chunk(`one ${own}`));
    expect(await codeOf(load(1))).toBe('DAMAGED');
    expect(await read('d/deep')).toBe(`two ${own}`);
    expect(await ada.rose.projects.get.query({ projectId })).toMatchObject({ activeVersion: 2, state: 'running' });
    await run('rm kept');
    expect(await load(2)).toMatchObject({ written: 1 });
  });
});

/** Trees that were read before stay in memory; verify forgets those that are damaged. */
async function freshEyes(): Promise<void> {
  await damaged();
}
