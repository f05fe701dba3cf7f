import { codeOf, failureOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const QUOTA = 300_000;
let house: TestOrchestrator;
let ada: Person;
let projectId: number;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process', quotaBytes: QUOTA } });
  ada = await house.signUp('Ada');
  projectId = (await ada.rose.projects.create.mutate({ name: 'warehouse' })).id;
});
afterAll(() => house?.[Symbol.asyncDispose]());

const random = (file: string, bytes: number) =>
  ada.rose.workspace(projectId).run(['sh', '-c', `head -c ${bytes} /dev/urandom > ${file}`]);
const save = () => ada.rose.versions.save.mutate({ projectId });
const space = () => ada.rose.store.space.query({ projectId });
const list = () => ada.rose.versions.list.query({ projectId });

it('a save over the quota is refused, leaves no version, and its bytes are freed at once', async () => {
  await random('first', 200_000);
  await save();
  const { ownerBytes, quotaBytes } = await space();
  expect(quotaBytes).toBe(QUOTA);
  await random('second', 200_000);
  const { code, details, message } = await failureOf(save());
  expect([code, details['limit'], details['allowed']]).toEqual(['LIMIT_EXCEEDED', 'quotaBytes', QUOTA]);
  expect(details['value']).toBeGreaterThan(QUOTA);
  expect(message).toMatch(/Nothing was saved. Delete versions/);
  expect([await list(), await space()]).toMatchObject([[{ version: 1 }], { ownerBytes }]);
});

it('the same bytes count once, whatever versions and projects hold them', async () => {
  await ada.rose.workspace(projectId).run(['sh', '-c', 'rm second; cp first copy; mkdir d; cp first d/again']);
  const fork = await ada.rose.projects.fork.mutate({ projectId, name: 'copy' });
  expect(fork.activeVersion).toBe(1);
  expect(await save()).toMatchObject({ version: 2 });
  expect((await space()).ownerBytes).toBeLessThan(QUOTA);
  await ada.rose.projects.delete.mutate({ projectId: fork.id });
});

it('an import over the quota is refused too', async () => {
  await random('second', 250_000);
  const zip = await new Response(await ada.rose.workspace(projectId).zip('')).blob();
  expect(await codeOf(ada.rose.importZip(projectId, zip))).toBe('LIMIT_EXCEEDED');
  expect(await list()).toHaveLength(2);
});

it('work is kept over the quota where it would be lost: on stop, and before a load', async () => {
  const { checkpoint } = await ada.rose.versions.load.mutate({ projectId, version: 1 });
  expect(checkpoint).toBe(3);
  await random('third', 200_000);
  await ada.rose.containers.stop.mutate({ projectId });
  expect((await list()).at(-1)).toMatchObject({ kind: 'on-stop', active: true });
});

it('what deleted versions freed can be used again without a collection by hand', async () => {
  await ada.rose.workspace(projectId).run(['sh', '-c', 'rm *']);
  await random('fourth', 250_000);
  expect(await codeOf(save())).toBe('LIMIT_EXCEEDED');
  await ada.rose.versions.load.mutate({ projectId, version: 2, discard: true });
  await ada.rose.workspace(projectId).run(['sh', '-c', 'rm -r *']);
  await ada.rose.versions.load.mutate({ projectId, version: 1, discard: true });
  for (const { version, active } of await list())
    if (!active) await ada.rose.versions.delete.mutate({ projectId, version });
  await random('small', 50_000);
  expect(await save()).toMatchObject({ files: 2 });
  expect((await space()).ownerBytes).toBeLessThan(QUOTA);
});
