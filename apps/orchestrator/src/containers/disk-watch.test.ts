import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DiskWatch, type Space } from './disk-watch.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

let house: TestOrchestrator;
let ada: Person;
let grace: Person;
let count = 0;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await house.signUp('Ada');
  grace = await house.signUp('Grace');
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** Somebody's project, what she does there, and how it is. */
async function projectOf(person: Person, diskMiB = 64) {
  const { id: projectId } = await person.rose.projects.create.mutate({ name: `harbour ${(count += 1)}` });
  await person.rose.settings.project.update.mutate({ projectId, values: { diskMiB } });
  return {
    projectId,
    run: (script: string) => person.rose.workspace(projectId).run(['sh', '-c', script]),
    status: () => person.rose.containers.status.query({ projectId }),
    usage: () => person.rose.containers.usage.query({ projectId }),
    size: async (path: string) => (await person.rose.workspace(projectId).files.stat.query({ path })).size,
  };
}

it('who fills the disk is stopped with a reason and loses nothing; the others work on', async () => {
  const hers = await projectOf(grace);
  const mine = await projectOf(ada);
  await mine.run('head -c 20M /dev/zero > first');
  await expect.poll(async () => (await mine.usage()).diskBytes, { timeout: 40_000 }).toBeGreaterThan(0);
  mine
    .run('echo kept > page; for i in 1 2 3 4 5 6 7 8; do head -c 50M /dev/zero > "$i"; done; sleep 600')
    .catch(() => {});
  await expect.poll(async () => (await mine.status()).state, { timeout: 60_000 }).toBe('asleep');
  expect((await mine.status()).stateReason).toMatch(
    /^Stopped because its files take \d+ MiB, and 64 MiB are allowed\./,
  );
  expect((await hers.run('echo well')).code).toBe(0);
  expect((await hers.status()).state).toBe('running');

  expect([await mine.size('page'), await mine.size('1')]).toEqual([5, 50 * MIB]);
  expect(await mine.status()).toMatchObject({ state: 'running', stateReason: null });
  expect((await ada.rose.projects.get.query({ projectId: mine.projectId })).activeVersion).toBe(null);
});

/**
 * A watch whose rounds the test makes, over a disk that is as full as the test says; it has counted once.
 * @param isHeldUp whether the counts of a volume never end
 */
async function watchOf(isHeldUp = (_volume: string) => false): Promise<{ disk: DiskWatch; space: Space }> {
  const space = {
    free: { bytes: 100 * GIB, files: 5_000_000 },
    total: { bytes: 1000 * GIB, files: 60_000_000 },
  };
  const { containers, settings } = house.context.services;
  const { runtime } = house.context;
  const disk = new DiskWatch({
    containers,
    runtime: {
      diskUse: (volume, signal) => (isHeldUp(volume) ? new Promise(() => {}) : runtime.diskUse(volume, signal)),
    },
    settingsOf: (projectId) => settings.effectiveProjectSettings(projectId),
    space: async () => space,
    log: pino({ level: 'silent' }),
  });
  await disk.round();
  space.free.bytes -= GIB;
  const volumeOf = async (projectId: number): Promise<string> => (await containers.project(projectId)).workspacePath;
  for (const projectId of containers.awake())
    if (!isHeldUp(await volumeOf(projectId)))
      await expect
        .poll(async () => (await disk.round(), disk.useOf(projectId)), { timeout: 20_000, interval: 200 })
        .not.toBe(null);
  return { disk, space };
}

it('what came up over its limit may shrink but not grow', async () => {
  const mine = await projectOf(ada, 0);
  await mine.run('head -c 100M /dev/zero > large');
  await ada.rose.containers.restart.mutate({ projectId: mine.projectId });
  // The house watches too.
  await expect.poll(async () => (await mine.usage()).diskBytes, { timeout: 40_000 }).toBeGreaterThan(100 * MIB);
  const { disk, space } = await watchOf();
  await ada.rose.settings.project.update.mutate({ projectId: mine.projectId, values: { diskMiB: 64 } });
  const look = async (): Promise<string> => {
    space.free.bytes -= GIB;
    const known = disk.useOf(mine.projectId);
    await expect
      .poll(async () => (await disk.round(), disk.useOf(mine.projectId) !== known), { timeout: 20_000, interval: 200 })
      .toBe(true);
    return (await mine.status()).state;
  };
  await mine.run('truncate -s 0 large; head -c 90M /dev/zero > large');
  expect(await look()).toBe('running');
  expect(disk.useOf(mine.projectId)?.bytes).toBeLessThan(95 * MIB);
  await mine.run('head -c 60M /dev/zero > more').catch(() => {});
  space.free.bytes -= GIB;
  await expect
    .poll(async () => (await disk.round(), (await mine.status()).state), { timeout: 20_000, interval: 200 })
    .toBe('asleep');
});

it('on a disk that is almost full who fills it is stopped, whatever the limits', async () => {
  const mine = await projectOf(ada, 0);
  const hers = await projectOf(grace, 0);
  const { disk, space } = await watchOf();
  await mine.run('head -c 200M /dev/zero > large');
  space.free.bytes = GIB;
  await expect
    .poll(async () => (await disk.round(), (await mine.status()).state), { timeout: 20_000, interval: 200 })
    .toBe('asleep');
  expect((await mine.status()).stateReason).toMatch(/^Stopped because the disk of this RoSE is almost full/);
  expect((await hers.status()).state).toBe('running');
});

it('on a disk that can hold hardly any more files who makes them is stopped, whatever the limits', async () => {
  const mine = await projectOf(ada, 0);
  const hers = await projectOf(grace, 0);
  const { disk, space } = await watchOf();
  await mine.run('mkdir many; cd many; seq 12000 | xargs touch');
  space.free.files = 100_000;
  await expect
    .poll(async () => (await disk.round(), (await mine.status()).state), { timeout: 20_000, interval: 200 })
    .toBe('asleep');
  expect((await mine.status()).stateReason).toMatch(
    /^Stopped because the disk of this RoSE can hold hardly any more files, and it made 12,\d{3}\. Nothing was lost/,
  );
  expect((await hers.status()).state).toBe('running');
});

it('a count that takes long holds up nobody else’s', async () => {
  const mine = await projectOf(ada, 0);
  const hers = await projectOf(grace, 0);
  const { workspacePath } = await house.context.services.containers.project(mine.projectId);
  const { disk, space } = await watchOf((volume) => volume === workspacePath);
  await hers.run('head -c 200M /dev/zero > large');
  space.free.bytes = GIB;
  await expect
    .poll(async () => (await disk.round(), (await hers.status()).state), { timeout: 20_000, interval: 200 })
    .toBe('asleep');
  expect(disk.useOf(mine.projectId)).toBe(null);
});
