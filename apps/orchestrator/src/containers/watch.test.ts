import { createRoseClient } from '@rose/client/node';
import type { StateChange } from '@rose/contract';
import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

let house: TestOrchestrator;
let ada: Person;
let grace: Person;
let projectId: number;
let count = 0;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await house.signUp('Ada');
  grace = await house.signUp('Grace');
});
afterAll(() => house?.[Symbol.asyncDispose]());
beforeEach(async () => {
  projectId = (await ada.rose.projects.create.mutate({ name: `harbour ${(count += 1)}` })).id;
});

/** Reads the states of a project until one comes; fails by the test's deadline. */
async function until(changes: AsyncIterator<StateChange>, state: string, id = projectId): Promise<string[]> {
  const seen: string[] = [];
  for (;;) {
    const { value, done } = await changes.next();
    if (done === true) throw new Error(`The stream ended after ${seen.join()}.`);
    if (value.projectId === id) seen.push(value.state);
    if (value.projectId === id && value.state === state) return seen;
  }
}

const watch = async (): Promise<AsyncIterator<StateChange>> =>
  (await ada.rose.containers.watch.query({ projectId }))[Symbol.asyncIterator]();

it('a watch tells the state as it is, then each change, also what happens by itself', async () => {
  const changes = await watch();
  expect((await changes.next()).value).toMatchObject({ projectId, state: 'running', reason: null });
  await ada.rose.containers.stop.mutate({ projectId });
  expect(await until(changes, 'asleep')).toEqual(['stopping', 'asleep']);
  await ada.rose.workspace(projectId).files.list.query({});
  expect(await until(changes, 'running')).toEqual(['starting', 'running']);
  const { containerId } = await house.context.services.containers.project(projectId);
  await house.context.runtime.stop(containerId!, 0);
  expect(await until(changes, 'asleep')).toEqual(['asleep']);
  await changes.return?.();
});

it('the watch of all projects tells of those that come, and of nobody else’s', async () => {
  const changes = (await ada.rose.projects.watch.query())[Symbol.asyncIterator]();
  await until(changes, 'running');
  const hers = (await grace.rose.projects.create.mutate({ name: `hers ${count}` })).id;
  const { id } = await ada.rose.projects.create.mutate({ name: `quay ${count}` });
  const told: number[] = [];
  for (let last = 0; last !== id; told.push(last)) last = (await changes.next()).value.projectId;
  expect(told).not.toContain(hers);
  await changes.return?.();
  await expect(grace.rose.containers.watch.query({ projectId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('a watch ends when who watches signs out, and when the project goes', async () => {
  const rose = createRoseClient({ url: house.url });
  await rose.accounts.signIn.mutate({ email: ada.email, password: ada.password });
  const changes = (await rose.containers.watch.query({ projectId }))[Symbol.asyncIterator]();
  await until(changes, 'running');
  await rose.accounts.signOut.mutate();
  expect((await changes.next()).done).toBe(true);

  const others = await watch();
  await until(others, 'running');
  await ada.rose.projects.delete.mutate({ projectId });
  await expect(until(others, 'never')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('a restart ends what runs and keeps the workspace, also when the agent hangs', async () => {
  const workspace = ada.rose.workspace(projectId);
  const changes = await watch();
  await until(changes, 'running');
  await workspace.run(['sh', '-c', 'echo unsaved > page; (setsid sleep 600 &)']);
  const before = await house.context.services.containers.project(projectId);
  workspace.run(['sh', '-c', 'kill -STOP $PPID']).catch(() => {});
  const answers = (): Promise<boolean> =>
    workspace.status.get.query(undefined, { signal: AbortSignal.timeout(1000) }).then(
      () => true,
      () => false,
    );
  await expect.poll(answers, { timeout: 20_000 }).toBe(false);
  expect(await ada.rose.containers.restart.mutate({ projectId })).toMatchObject({ state: 'running' });
  expect(await until(changes, 'running')).toEqual(['stopping', 'starting', 'running']);
  expect((await house.context.services.containers.project(projectId)).containerId).not.toBe(before.containerId);
  expect(await workspace.files.read.query({ path: 'page' })).toMatchObject({ content: 'unsaved\n' });
  const { processes } = await workspace.processes.list.query();
  expect(processes.map(({ command }) => command.join(' '))).not.toContain('sleep 600');
  expect(await ada.rose.versions.list.query({ projectId })).toEqual([]);
  await changes.return?.();
});

it('what a container uses is measured, and nothing is while it sleeps', async () => {
  const workspace = ada.rose.workspace(projectId);
  const left = new AbortController();
  const busy = workspace.run(['sh', '-c', 'while :; do :; done'], { signal: left.signal }).catch(() => {});
  await expect.poll(async () => (await workspace.commands.list.query()).length, { timeout: 20_000 }).toBe(1);
  const usage = await ada.rose.containers.usage.query({ projectId });
  expect(usage).toMatchObject({ state: 'running', cpuLimitPercent: 200, processLimit: 1024 });
  expect(usage.cpuPercent).toBeGreaterThan(5);
  expect(usage.memoryBytes).toBeGreaterThan(1024 * 1024);
  left.abort();
  await busy;
  await ada.rose.containers.stop.mutate({ projectId });
  const usages = (await ada.rose.containers.watchUsage.query({ projectId }))[Symbol.asyncIterator]();
  expect((await usages.next()).value).toMatchObject({ state: 'asleep', cpuPercent: 0, memoryBytes: 0, processes: 0 });
  await usages.return?.();
});

it('the agent’s log can be read and followed over a restart', async () => {
  expect(await ada.rose.containers.logs.query({ projectId })).toContain('the agent serves');
  const log = (await ada.rose.containers.watchLogs.query({ projectId }))[Symbol.asyncIterator]();
  expect((await log.next()).value).toContain('the agent serves');
  await ada.rose.containers.restart.mutate({ projectId });
  let told = '';
  while (!told.includes('the agent serves')) told += String((await log.next()).value);
  await log.return?.();
});

it('what a container was refused on its way out is listed, newest first', async () => {
  const fetch = (url: string) =>
    ada.rose.workspace(projectId).run(['curl', '-s', '-o', '/dev/null', '--max-time', '10', url]);
  await fetch('http://169.254.169.254/latest');
  await fetch('http://127.0.0.2:80/');
  await ada.rose.settings.project.update.mutate({ projectId, values: { egress: 'none' } });
  await fetch('http://example.org/');
  const list = (limit?: number) => ada.rose.containers.refusals.query({ projectId, limit });
  await expect
    .poll(async () => (await list()).map(({ host }) => host))
    .toEqual(['example.org', '127.0.0.2', '169.254.169.254']);
  expect(await list(1)).toMatchObject([
    { host: 'example.org', port: 80, reason: expect.stringContaining('no access') },
  ]);
});
