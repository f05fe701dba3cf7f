import type { Project } from '@rose/contract';
import { codeOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

let rose: TestOrchestrator;
let ada: Person;
let project: Project;
let projectId: number;
let count = 0;
beforeAll(async () => {
  rose = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await rose.signUp('Ada');
});
afterAll(() => rose[Symbol.asyncDispose]());
beforeEach(async () => {
  project = await ada.rose.projects.create.mutate({ name: `to be deleted ${(count += 1)}` });
  projectId = project.id;
});

const shell = async (script: string): Promise<number | null> =>
  (await ada.rose.workspace(projectId).run(['sh', '-c', script])).code;
const write = (content: string) => ada.rose.workspace(projectId).files.write.mutate({ path: 'f', content });
const read = async (): Promise<string> =>
  (await ada.rose.workspace(projectId).files.read.query({ path: 'f' })).content ?? '';
const runtime = () => rose.context.runtime;

async function container(): Promise<string> {
  const found = (await runtime().list()).find((one) => one.projectId === projectId);
  if (found === undefined) throw new Error('There is no container.');
  return found.id;
}

it('deleting keeps unsaved work as a checkpoint; undeleting brings it back', async () => {
  await write('never saved');
  await ada.rose.projects.delete.mutate({ projectId });
  expect(await codeOf(ada.rose.projects.get.query({ projectId }))).toBe('NOT_FOUND');
  expect((await runtime().list()).filter((one) => one.projectId === projectId)).toEqual([]);
  await ada.rose.projects.undelete.mutate({ projectId });
  expect(await read()).toBe('never saved');
});

it('work of a container that ended by itself is kept too, though the project is asleep', async () => {
  await write('saved');
  await ada.rose.versions.save.mutate({ projectId });
  await write('never saved');
  await runtime().stop(await container(), 0);
  await expect.poll(async () => (await ada.rose.projects.get.query({ projectId })).state).toBe('asleep');
  await ada.rose.projects.delete.mutate({ projectId });
  await ada.rose.projects.undelete.mutate({ projectId });
  expect(await read()).toBe('never saved');
});

it('a project whose work cannot be kept is deleted all the same, and its volume waits for an undelete', async () => {
  await write('never saved');
  // Over the limit of a version: 1,000 directories deep.
  expect(await shell('cd "$HOME/workspace" && for i in $(seq 1100); do mkdir d && cd d || exit 1; done')).toBe(0);
  expect(await codeOf(ada.rose.versions.save.mutate({ projectId }))).toBe('LIMIT_EXCEEDED');
  await ada.rose.projects.delete.mutate({ projectId });
  expect((await runtime().list()).filter((one) => one.projectId === projectId)).toEqual([]);
  await ada.rose.projects.undelete.mutate({ projectId });
  expect(await read()).toBe('never saved');
});

it('calls that wait while a project is deleted find it gone, and leave no container behind', async () => {
  await write('x');
  const deleted = ada.rose.projects.delete.mutate({ projectId });
  const codes = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const call =
        index % 2 === 0 ? ada.rose.versions.save.mutate({ projectId }) : ada.rose.versions.status.query({ projectId });
      return await call.then(
        () => 'done',
        (error: unknown) => codeOf(Promise.reject(error as Error)),
      );
    }),
  );
  await deleted;
  for (const code of codes) expect(['done', 'NOT_FOUND', 'AGENT_UNAVAILABLE']).toContain(code);
  expect((await runtime().list()).filter((one) => one.projectId === projectId)).toEqual([]);
});

it('a container that ended by itself starts again at the next call, with its work', async () => {
  await write('never saved');
  await runtime().stop(await container(), 0);
  await expect.poll(() => read().catch(() => 'not yet'), { timeout: 20_000 }).toBe('never saved');
  expect((await ada.rose.versions.save.mutate({ projectId })).version).toBe(1);
});
