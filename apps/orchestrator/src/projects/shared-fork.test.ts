import { randomBytes } from 'node:crypto';
import { idOf } from '@rose/snapshot';
import { codeOf, failureOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BadDisk } from '../../test/damage.ts';

const QUOTA = 2_000_000;
let house: TestOrchestrator;
let ada: Person;
let grace: Person;
let source: number;
let names = 0;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process', quotaBytes: QUOTA } });
  ada = await house.signUp('Ada');
  grace = await house.signUp('Grace');
  source = (await ada.rose.projects.create.mutate({ name: 'engine' })).id;
  await shell(
    ada,
    source,
    `mkdir -p a/b; echo one > a/b/page; ln -s page a/b/link; head -c 300000 /dev/urandom > large
    for i in $(seq 300); do echo $i > a/$i; done`,
  );
  await ada.rose.versions.save.mutate({ projectId: source });
  await shell(ada, source, 'echo two > a/b/page; rm large');
  await ada.rose.versions.save.mutate({ projectId: source });
  await ada.rose.projects.members.add.mutate({ projectId: source, email: grace.email, role: 'viewer' });
});
afterAll(() => house?.[Symbol.asyncDispose]());

async function shell(who: Person, projectId: number, script: string): Promise<string> {
  let out = '';
  const onStdout = (bytes: Uint8Array): void => void (out += Buffer.from(bytes).toString());
  const { code } = await who.rose.workspace(projectId).run(['bash', '-ec', script], { onStdout });
  expect(code).toBe(0);
  return out;
}
const fork = (who: Person, version?: number, signal?: AbortSignal) =>
  who.rose.projects.fork.mutate(
    { projectId: source, version, name: `fork ${(names += 1)}` },
    ...(signal === undefined ? [] : [{ signal }]),
  );
const objectsOf = (who: Person) => house.context.database.prisma.storedObject.count({ where: { ownerId: who.id } });
const listing = (who: Person, projectId: number) =>
  shell(who, projectId, String.raw`find . -printf '%P %y %m %T@ %l\n' | sort; find . -type f | sort | xargs sha256sum`);

describe('a fork of what another owner shares', () => {
  it('is the forker’s own, the same to the last bit, and says where it comes from', async () => {
    const made = await fork(grace, 1);
    expect(made).toMatchObject({
      owner: grace.email,
      role: 'owner',
      activeVersion: 1,
      forkedFrom: { projectId: source, version: 1 },
    });
    const [version] = await grace.rose.versions.list.query({ projectId: made.id });
    expect(version).toMatchObject({ kind: 'fork', author: grace.email, files: 302 });
    expect(version!.storedBytes).toBeGreaterThan(300_000);
    await ada.rose.versions.load.mutate({ projectId: source, version: 1 });
    expect(await listing(grace, made.id)).toBe(await listing(ada, source));
    expect((await grace.rose.store.verify.mutate({ projectId: made.id })).damaged).toEqual([]);
    expect((await grace.rose.versions.status.query({ projectId: made.id })).total).toBe(0);
    expect(await codeOf(ada.rose.projects.get.query({ projectId: made.id }))).toBe('NOT_FOUND');
    await ada.rose.versions.load.mutate({ projectId: source, version: 2 });
  });

  it('copies only what he does not have', async () => {
    const before = await objectsOf(grace);
    const again = await fork(grace, 1);
    expect(await grace.rose.versions.list.query({ projectId: again.id })).toMatchObject([{ storedBytes: 0 }]);
    expect(await objectsOf(grace)).toBe(before);
    await fork(grace, 2);
    // The file that changed and the three directories on the way to it.
    expect(await objectsOf(grace)).toBe(before + 4);
  });

  it('can be saved on, and saves send only what changed', async () => {
    const made = await fork(grace, 2);
    await shell(grace, made.id, 'echo three > a/b/page');
    const saved = await grace.rose.versions.save.mutate({ projectId: made.id });
    expect(saved).toMatchObject({ version: 2, files: 301 });
    expect(saved.storedBytes).toBeLessThan(20_000);
    expect((await grace.rose.store.verify.mutate({})).damaged).toEqual([]);
  });

  it('outlives what it was made of', async () => {
    const hopper = await house.signUp('Hopper');
    const short = await ada.rose.projects.create.mutate({ name: 'short' });
    await shell(ada, short.id, 'head -c 1000 /dev/urandom > page');
    await ada.rose.versions.save.mutate({ projectId: short.id });
    await ada.rose.projects.members.add.mutate({ projectId: short.id, email: hopper.email, role: 'viewer' });
    const made = await hopper.rose.projects.fork.mutate({ projectId: short.id, name: 'heir' });
    await ada.rose.projects.delete.mutate({ projectId: short.id });
    await house.context.database.prisma.project.deleteMany({ where: { id: short.id } });
    await ada.rose.store.collect.mutate({});
    expect((await hopper.rose.store.verify.mutate({})).damaged).toEqual([]);
    expect(await hopper.rose.projects.get.query({ projectId: made.id })).toMatchObject({ forkedFrom: null });
  });

  it('that does not fit his quota is refused before anything is copied, and leaves no project', async () => {
    const big = await ada.rose.projects.create.mutate({ name: 'big' });
    await shell(ada, big.id, 'head -c 1500000 /dev/urandom > big');
    await ada.rose.versions.save.mutate({ projectId: big.id });
    await ada.rose.projects.members.add.mutate({ projectId: big.id, email: grace.email, role: 'editor' });
    const own = await grace.rose.projects.create.mutate({ name: 'own' });
    await shell(grace, own.id, 'head -c 500000 /dev/urandom > own');
    await grace.rose.versions.save.mutate({ projectId: own.id });
    const [before, objects] = [await grace.rose.projects.list.query(), await objectsOf(grace)];
    const refused = await failureOf(grace.rose.projects.fork.mutate({ projectId: big.id, name: 'too big' }));
    expect(refused).toMatchObject({ code: 'LIMIT_EXCEEDED', details: { limit: 'quotaBytes', allowed: QUOTA } });
    expect(await grace.rose.projects.list.query()).toHaveLength(before.length);
    expect(await objectsOf(grace)).toBeLessThanOrEqual(objects);
  });

  it('of somebody who may not read it, of no such version or with a name that is taken is refused', async () => {
    const eve = await house.signUp('Eve');
    expect(await codeOf(fork(eve, 1))).toBe('NOT_FOUND');
    expect(await codeOf(fork(grace, 99))).toBe('NOT_FOUND');
    const taken = grace.rose.projects.fork.mutate({ projectId: source, name: 'own' });
    expect(await codeOf(taken)).toBe('NAME_TAKEN');
  });

  it('that is cancelled leaves no project', async () => {
    const before = await grace.rose.projects.list.query();
    const gone = new AbortController();
    const forked = fork(grace, 1, gone.signal);
    setTimeout(() => gone.abort(), 5);
    expect(await codeOf(forked)).toBe('CANCELLED');
    await expect.poll(async () => await grace.rose.projects.list.query(), { timeout: 30_000 }).toEqual(before);
  });

  it('of a version that is damaged is refused, whatever is damaged', async () => {
    const disk = new BadDisk(house.context);
    const content = randomBytes(2000);
    const weak = await ada.rose.projects.create.mutate({ name: 'weak' });
    await ada.rose.workspace(weak.id).writeFile('weak', new Blob([content]));
    await ada.rose.versions.save.mutate({ projectId: weak.id });
    await ada.rose.projects.members.add.mutate({ projectId: weak.id, email: grace.email, role: 'viewer' });
    const isMade = async () => (await grace.rose.projects.list.query()).some(({ name }) => name === 'weak fork');
    const attempt = () => codeOf(grace.rose.projects.fork.mutate({ projectId: weak.id, name: 'weak fork' }));
    await disk.flip(idOf(content));
    // The copy is as damaged as what was copied: filling the workspace finds it.
    expect(['DAMAGED', 'NEEDS_ATTENTION']).toContain(await attempt());
    expect(await isMade()).toBe(false);
    await grace.rose.store.collect.mutate({});
    await disk.lose(idOf(content));
    expect(await attempt()).toBe('DAMAGED');
    expect(await isMade()).toBe(false);
    expect((await grace.rose.store.verify.mutate({})).damaged).toEqual([]);
  });

  it('loses nothing to collections of both owners that run beside it', async () => {
    const lovelace = await house.signUp('Lovelace');
    await ada.rose.projects.members.add.mutate({ projectId: source, email: lovelace.email, role: 'viewer' });
    let isOver = false;
    const collect = async (who: Person): Promise<void> => {
      while (!isOver) await who.rose.store.collect.mutate({}).catch(() => {});
    };
    const collections = [collect(ada), collect(lovelace)];
    for (let round = 0; round < 6; round += 1) {
      const made = await fork(lovelace, 1 + (round % 2));
      expect((await lovelace.rose.store.verify.mutate({ projectId: made.id })).damaged).toEqual([]);
      await lovelace.rose.projects.delete.mutate({ projectId: made.id });
      await house.context.database.prisma.project.deleteMany({ where: { id: made.id } });
    }
    isOver = true;
    await Promise.all(collections);
    expect((await ada.rose.store.verify.mutate({})).damaged.filter(({ project }) => project !== 'weak')).toEqual([]);
  });
});
