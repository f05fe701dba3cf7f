import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ContainersRepository } from './containers-repository.ts';
import { sweep } from './reconcile.ts';

let house: TestOrchestrator;
let ada: Person;
let repository: ContainersRepository;
let count = 0;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await house.signUp('Ada');
  repository = new ContainersRepository(house.context.database.prisma);
});
afterAll(() => house?.[Symbol.asyncDispose]());

const round = (): Promise<void> => {
  const { runtime, services } = house.context;
  return sweep({ repository, runtime, care: services.containers.care, log: pino({ level: 'silent' }) });
};
const create = async (): Promise<number> =>
  (await ada.rose.projects.create.mutate({ name: `harbour ${(count += 1)}` })).id;
const state = async (projectId: number): Promise<string> =>
  (await ada.rose.containers.status.query({ projectId })).state;

it('a container that no project names is removed, and its volume stays', async () => {
  const { runtime } = house.context;
  const stray = await runtime.create({
    projectId: 4242,
    volume: 'ws-stray',
    secret: 'secret',
    limits: { memoryMiB: 256, cpus: 1, pids: 256 },
    environment: {},
  });
  const projectId = await create();
  await round();
  expect(await runtime.inspect(stray.id)).toBe(null);
  expect((await runtime.listVolumes()).map(({ volume }) => volume)).toContain('ws-stray');
  expect(await state(projectId)).toBe('running');
});

it('a round in the middle of starts removes none of their containers', async () => {
  const starts = Array.from({ length: 4 }, create);
  const all = Promise.all(starts);
  let isOver = false;
  const over = all.finally(() => (isOver = true));
  while (!isOver) await round();
  for (const projectId of await over) {
    const { containerId } = await repository.get(projectId);
    expect(await house.context.runtime.inspect(containerId!)).toMatchObject({ status: 'running' });
  }
});

it('a project whose container is gone though its row names one is asleep, and wakes', async () => {
  const projectId = await create();
  await ada.rose.workspace(projectId).run(['sh', '-c', 'echo kept > page']);
  await ada.rose.containers.stop.mutate({ projectId });
  // As a removal leaves it that was cut off.
  await repository.setContainer(projectId, 'gone-1');
  await repository.setState(projectId, 'running', null);
  await round();
  expect(await repository.get(projectId)).toMatchObject({ state: 'asleep', containerId: null });
  expect(await ada.rose.workspace(projectId).files.read.query({ path: 'page' })).toMatchObject({ content: 'kept\n' });
});
