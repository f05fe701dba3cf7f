import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Attendant } from './attendant.ts';

const MINUTE = 60_000;

let house: TestOrchestrator;
let ada: Person;
let projectId: number;
let attendant: Attendant;
let count = 0;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await house.signUp('Ada');
});
afterAll(() => house?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const { containers, settings, checkpoints } = house.context.services;
  projectId = (await ada.rose.projects.create.mutate({ name: `harbour ${(count += 1)}` })).id;
  attendant = new Attendant({
    containers,
    left: [],
    settingsOf: (id) => settings.effectiveProjectSettings(id),
    autoSave: (id) => checkpoints.autoSave(id),
    log: pino({ level: 'silent' }),
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await ada.rose.projects.delete.mutate({ projectId });
});

/** Only what the clock says moves; timers run as ever. */
const later = (minutes: number): void => {
  const now = Date.now() + minutes * MINUTE;
  vi.useFakeTimers({ toFake: ['Date'], now });
};
const run = (script: string) => ada.rose.workspace(projectId).run(['sh', '-c', script]);
const set = (values: Record<string, number>) => ada.rose.settings.project.update.mutate({ projectId, values });
const kinds = async () => (await ada.rose.versions.list.query({ projectId })).map(({ kind }) => kind);
const state = async () => (await ada.rose.projects.get.query({ projectId })).state;

it('auto-save makes a version when something changed, and none when nothing did', async () => {
  await set({ autosaveMinutes: 5 });
  await attendant.round();
  await run('echo one > page');
  later(4);
  await attendant.round();
  expect(await kinds()).toEqual([]);
  later(1.1);
  await attendant.round();
  expect(await kinds()).toEqual(['auto-save']);
  later(5.1);
  await attendant.round();
  expect(await kinds()).toEqual(['auto-save']);
  await run('echo two > page');
  later(5.1);
  await attendant.round();
  expect(await kinds()).toEqual(['auto-save', 'auto-save']);
});

it('auto-save of 0 minutes is none, and the checkpoints that are too many go', async () => {
  await set({ autosaveMinutes: 0, retentionLast: 1, retentionHourly: 0, retentionDaily: 0, retentionWeekly: 0 });
  await attendant.round();
  await run('echo one > page');
  later(30);
  await attendant.round();
  expect(await kinds()).toEqual([]);
  await ada.rose.versions.save.mutate({ projectId });
  await set({ autosaveMinutes: 5 });
  for (const text of ['two', 'three', 'four']) {
    await run(`echo ${text} > page`);
    later(6);
    await attendant.round();
  }
  expect(await ada.rose.versions.list.query({ projectId })).toMatchObject([
    { version: 1, kind: 'manual' },
    { version: 3, kind: 'auto-save' },
    { version: 4, kind: 'auto-save', active: true },
  ]);
});

it('a container that nobody uses is paused, stopped with its work kept, and wakes on a call', async () => {
  await set({ autosaveMinutes: 0, idlePauseMinutes: 10, idleStopMinutes: 60 });
  await run('echo unsaved > page');
  later(9);
  await attendant.round();
  expect(await state()).toBe('running');
  later(2);
  await attendant.round();
  expect(await state()).toBe(house.context.runtime.canPause ? 'paused' : 'running');
  later(50);
  await attendant.round();
  expect([await state(), await kinds()]).toEqual(['asleep', ['on-stop']]);
  const page = await ada.rose.workspace(projectId).files.read.query({ path: 'page' });
  expect([page.content, await state()]).toEqual(['unsaved\n', 'running']);
});

it('a paused container goes on where it was on the next call', async ({ skip }) => {
  if (!house.context.runtime.canPause) skip('this runtime cannot pause');
  await set({ autosaveMinutes: 0, idlePauseMinutes: 10 });
  await run('echo here > page');
  later(11);
  await attendant.round();
  expect(await state()).toBe('paused');
  expect((await ada.rose.workspace(projectId).files.read.query({ path: 'page' })).content).toBe('here\n');
  expect(await state()).toBe('running');
});

it('a command that runs is a use: the container is neither paused nor stopped', async () => {
  await set({ autosaveMinutes: 0, idlePauseMinutes: 10, idleStopMinutes: 60 });
  const { activity } = house.context.services.containers;
  const leave = new AbortController();
  const running = ada.rose
    .workspace(projectId)
    .run(['sleep', '600'], { signal: leave.signal })
    .catch(() => {});
  await expect.poll(() => activity.idleMs(projectId), { timeout: 20_000 }).toBe(0);
  later(120);
  await attendant.round();
  expect([await state(), await kinds()]).toEqual(['running', []]);
  leave.abort();
  await running;
  const idle = (): number => {
    later(1);
    return activity.idleMs(projectId);
  };
  await expect.poll(idle, { timeout: 20_000 }).toBeGreaterThan(0);
  later(61);
  await attendant.round();
  expect(await state()).toBe('asleep');
});

it('a container that has gone since the start is not started again to be looked after', async () => {
  const { containers, settings } = house.context.services;
  const { containerId } = await containers.project(projectId);
  await ada.rose.containers.stop.mutate({ projectId });
  const late = new Attendant({
    containers,
    left: [{ projectId, containerId: containerId! }],
    settingsOf: (id) => settings.effectiveProjectSettings(id),
    autoSave: async () => {},
    log: pino({ level: 'silent' }),
  });
  await late.round();
  expect(await state()).toBe('asleep');
});

it('an agent that stays silent round after round is restarted with its container, and the workspace stays', async () => {
  await set({ autosaveMinutes: 0 });
  const { containers } = house.context.services;
  const before = await containers.project(projectId);
  run('echo here > page; kill -STOP $PPID').catch(() => {});
  await expect.poll(() => containers.care.answers(projectId), { timeout: 20_000 }).toBe(false);
  await attendant.round();
  await attendant.round();
  expect((await containers.project(projectId)).containerId).toBe(before.containerId);
  await attendant.round();
  expect((await containers.project(projectId)).containerId).not.toBe(before.containerId);
  expect((await ada.rose.workspace(projectId).files.read.query({ path: 'page' })).content).toBe('here\n');
});

it('who watches files keeps no container awake, and hears on when somebody works in it again', async ({ skip }) => {
  if (!house.context.runtime.canPause) skip('this runtime cannot pause');
  await set({ autosaveMinutes: 0, idlePauseMinutes: 10 });
  const changes = (await ada.rose.workspace(projectId).files.watch.query({}))[Symbol.asyncIterator]();
  await changes.next();
  later(11);
  await attendant.round();
  expect(await state()).toBe('paused');
  await run('echo back > page');
  expect((await changes.next()).value).toMatchObject({ changes: [{ path: 'page', kind: 'created' }], lost: false });
  await changes.return?.();
});
