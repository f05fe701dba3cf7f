import { idOf, type ObjectId } from '@rose/snapshot';
import { codeOf, failureOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BadDisk, loseVolume } from '../../test/damage.ts';

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

/** Three versions of one file; the volume of the project is gone. */
beforeEach(async () => {
  own = `vault ${(count += 1)}`;
  projectId = (await ada.rose.projects.create.mutate({ name: own })).id;
  for (const number of [1, 2, 3]) {
    await run(`printf %s '${content(number)}' > page`);
    await ada.rose.versions.save.mutate({ projectId });
  }
  await loseVolume(house.context, projectId);
});

const content = (number: number): string => `${own}, page ${number}`;
const chunk = (number: number): ObjectId => idOf(Buffer.from(content(number)));
const run = (script: string) => ada.rose.workspace(projectId).run(['sh', '-c', script]);
const read = async () => (await ada.rose.workspace(projectId).files.read.query({ path: 'page' })).content;
const load = (version?: number, more: { paths?: string[]; discard?: boolean } = {}) =>
  ada.rose.versions.load.mutate({ projectId, version, ...more });
const project = () => ada.rose.projects.get.query({ projectId });
const wake = () => ada.rose.containers.start.mutate({ projectId });
const numbers = async () => (await ada.rose.versions.list.query({ projectId })).map(({ version }) => version);
const loseRow = (number: number) =>
  house.context.database.prisma.projectVersion.deleteMany({ where: { projectId, number } });

it('a project whose volume is gone is filled from its active version', async () => {
  expect(await read()).toBe(content(3));
  expect(await project()).toMatchObject({ state: 'running', activeVersion: 3, stateReason: null });
});

it('a lost volume does not change what undo does', async () => {
  await load(2);
  await loseVolume(house.context, projectId);
  expect(await ada.rose.versions.undo.mutate({ projectId })).toMatchObject({ version: 3 });
});

describe('a project whose active version is damaged and whose volume is gone', () => {
  it('needs attention, and says what is wrong and which versions are whole', async () => {
    await disk.flip(chunk(3));
    await disk.lose(chunk(1));
    const { code, message } = await failureOf(wake());
    expect(code).toBe('NEEDS_ATTENTION');
    expect(message).toBe(
      `Version 3, the active one, is damaged: "page" cannot be read. Whole is version 2: load one, as with rose load ${projectId} 2.`,
    );
    expect(await project()).toMatchObject({ state: 'needs-attention', stateReason: message, activeVersion: 3 });
    expect(await codeOf(read())).toBe('NEEDS_ATTENTION');
    expect(await house.context.runtime.list()).not.toContainEqual(expect.objectContaining({ projectId }));
  });

  it('needs attention where its root tree is lost, or its row', async () => {
    await disk.lose(await disk.root(projectId, 3));
    await ada.rose.store.verify.mutate({ projectId });
    expect((await failureOf(wake())).message).toMatch(/root directory cannot be read. Whole are versions 2, 1:/);
    await loseRow(3);
    expect((await failureOf(wake())).message).toMatch(/active version .* is missing from the database. Whole are/);
    await loseRow(2);
    await loseRow(1);
    expect((await failureOf(wake())).message).toMatch(/missing from the database. No version of this project is whole/);
  });

  it('lists, reads, compares and exports its versions all the same, with no container', async () => {
    await disk.flip(chunk(3));
    expect(await codeOf(wake())).toBe('NEEDS_ATTENTION');
    expect(await numbers()).toEqual([1, 2, 3]);
    expect((await ada.rose.versions.tree.query({ projectId, version: 3 })).entries).toMatchObject([{ name: 'page' }]);
    const diff = await ada.rose.comparisons.diff.query({ projectId, from: 1, to: 2 });
    expect(diff.changes).toMatchObject([{ path: 'page', change: 'changed' }]);
    const zip = await new Response(await ada.rose.versionZip(projectId, 2)).bytes();
    expect(Buffer.from(zip).toString('latin1', 0, 2)).toBe('PK');
    expect(await project()).toMatchObject({ state: 'needs-attention' });
  });

  it('has a way out: a whole version is loaded, without a checkpoint of the empty workspace', async () => {
    await disk.flip(chunk(3));
    expect(await load(2)).toMatchObject({ version: 2, checkpoint: null, written: 1, conflicts: [] });
    expect(await project()).toMatchObject({ state: 'running', activeVersion: 2, stateReason: null });
    expect([await read(), await numbers()]).toEqual([content(2), [1, 2, 3]]);
    expect(await codeOf(ada.rose.versions.undo.mutate({ projectId }))).toBe('CONFLICT');
    await run('echo more >> page');
    await ada.rose.versions.save.mutate({ projectId });
    expect(await load(1)).toMatchObject({ version: 1 });
    expect(await ada.rose.versions.undo.mutate({ projectId })).toMatchObject({ version: 4 });
  });

  it('says beforehand what the load of a whole version would do', async () => {
    await disk.flip(chunk(3));
    const plan = await ada.rose.versions.plan.query({ projectId, version: 2 });
    expect(plan).toMatchObject({ written: 1, removed: 0, paths: [{ path: 'page', action: 'write' }] });
  });

  it('keeps needing it when the other version is damaged too, or only single paths are asked for', async () => {
    await disk.flip(chunk(3));
    await disk.flip(chunk(2));
    expect(await codeOf(load(2))).toBe('DAMAGED');
    expect(await codeOf(load(1, { paths: ['page'] }))).toBe('NEEDS_ATTENTION');
    expect(await project()).toMatchObject({ state: 'needs-attention', activeVersion: 3 });
    expect((await project()).stateReason).toMatch(/Whole is version 1/);
    expect(await load(1, { discard: true })).toMatchObject({ version: 1 });
    expect(await read()).toBe(content(1));
  });

  it('wakes by itself once another project has healed what was damaged', async () => {
    await disk.flip(chunk(3));
    expect(await codeOf(wake())).toBe('NEEDS_ATTENTION');
    const other = (await ada.rose.projects.create.mutate({ name: `${own} again` })).id;
    await ada.rose.workspace(other).run(['sh', '-c', `printf %s '${content(3)}' > copy`]);
    await ada.rose.versions.save.mutate({ projectId: other });
    expect(await read()).toBe(content(3));
  });

  it('can be deleted', async () => {
    await disk.flip(chunk(3));
    expect(await codeOf(wake())).toBe('NEEDS_ATTENTION');
    await ada.rose.projects.delete.mutate({ projectId });
  });
});
