import type { Project } from '@rose/contract';
import { ask, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { appRouter } from '../router.ts';

/** What somebody may call without a project; everything else must name one, and is refused to strangers. */
const WITHOUT_PROJECT = /^(accounts\.|settings\.user\.|projects\.(create|list|listDeleted|watch)$|store\.collect$)/;

let rose: TestOrchestrator;
let project: Project;
let ada: Person;
let mallory: Person;

beforeAll(async () => {
  rose = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await rose.signUp('Ada');
  mallory = await rose.signUp('Mallory');
  project = await ada.rose.projects.create.mutate({ name: 'a secret of Ada' });
  await ada.rose.workspace(project.id).files.write.mutate({ path: 'plan', content: 'her plan' });
  await ada.rose.versions.save.mutate({ projectId: project.id, message: 'her message' });
});
afterAll(() => rose[Symbol.asyncDispose]());

const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, { _def: { type: string } }>)
  .filter(([name]) => !WITHOUT_PROJECT.test(name))
  .map(([name, { _def }]) => [name, _def.type] as const);

const bytes: [method: string, path: (id: string) => string][] = [
  ['GET', (id) => `/projects/${id}/versions/1.zip`],
  ['GET', (id) => `/projects/${id}/versions/1/file?path=plan`],
  ['POST', (id) => `/projects/${id}/import`],
  ['GET', (id) => `/projects/${id}/history.rose`],
  ['GET', (id) => `/projects/${id}/agent/files.list?input=${encodeURIComponent('{"path":""}')}`],
  ['GET', (id) => `/projects/${id}/agent/-/files.read?path=plan`],
  ['GET', (id) => `/projects/${id}/agent/-/files.pull?path=`],
  ['GET', (id) => `/projects/${id}/agent/-/archive.zip?path=`],
  ['POST', (id) => `/projects/${id}/agent/files.delete`],
  ['POST', (id) => `/projects/${id}/agent/-/files.write?path=plan`],
  ['POST', (id) => `/projects/${id}/agent/-/commands.run`],
  ['POST', (id) => `/projects/${id}/agent/-/snapshot.save`],
];

function call(name: string, type: string, projectId: number, headers: Record<string, string>) {
  // Who asks is looked at before the rest of the input is.
  const input = { projectId };
  const url = `${rose.url}/trpc/${name}`;
  return type === 'mutation'
    ? ask(url, { body: input, headers })
    : ask(`${url}?input=${encodeURIComponent(JSON.stringify(input))}`, { headers });
}

it('there are procedures of projects to try', () => {
  expect(procedures.length).toBeGreaterThan(15);
});

it.each(procedures)(
  '%s tells a stranger of her project what it tells him of one that does not exist',
  async (name, type) => {
    const headers = { authorization: `Bearer ${mallory.session}` };
    const [hers, nobodys] = await Promise.all([
      call(name, type, project.id, headers),
      call(name, type, 999_999, headers),
    ]);
    expect(hers.status).toBe(404);
    expect(hers.json).toMatchObject({ error: { data: { rose: { code: 'NOT_FOUND' } } } });
    expect(hers.text.replaceAll(String(project.id), 'N')).toBe(
      nobodys.text.replaceAll('999999', 'N').replaceAll(String(project.id), 'N'),
    );
    expect(hers.text).not.toContain('Ada');
  },
);

it.each(bytes)('%s of a byte stream, likewise (%#)', async (method, path) => {
  const headers = { authorization: `Bearer ${mallory.session}`, 'content-type': 'application/octet-stream' };
  for (const id of [String(project.id), '999999', 'abc', '0']) {
    const answer = await ask(rose.url + path(id), { method, headers });
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect(answer.text).not.toMatch(/Ada|plan|secret/);
  }
});

it.each(bytes)('%s of a byte stream without a session is refused (%#)', async (method, path) => {
  const answer = await ask(rose.url + path(String(project.id)), { method });
  expect(answer.status).toBe(401);
  expect(answer.json).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
});

it('lists show each what is his own', async () => {
  expect(await mallory.rose.projects.list.query()).toEqual([]);
  expect(await mallory.rose.projects.listDeleted.query()).toEqual([]);
  expect(await ada.rose.projects.list.query()).toMatchObject([{ name: 'a secret of Ada' }]);
});

it('nothing of what a stranger tried changed anything', async () => {
  expect(await ada.rose.projects.get.query({ projectId: project.id })).toMatchObject({
    name: 'a secret of Ada',
    deletedAt: null,
  });
  expect(await ada.rose.versions.list.query({ projectId: project.id })).toMatchObject([
    { version: 1, message: 'her message' },
  ]);
  expect(await ada.rose.workspace(project.id).files.read.query({ path: 'plan' })).toMatchObject({
    content: 'her plan',
  });
});

it.each(['0', '999', 'abc', '-1', '1.5', '00001000', '2147483648', '%00'])(
  'version %s of an own project is not there',
  async (version) => {
    const headers = { authorization: `Bearer ${ada.session}` };
    for (const path of [`versions/${version}/file?path=plan`, `versions/${version}.zip`]) {
      const answer = await ask(`${rose.url}/projects/${project.id}/${path}`, { headers });
      expect(answer.status).toBe(404);
      expect(answer.json).toMatchObject({ error: { code: 'NOT_FOUND' } });
    }
  },
);

it.each(['../etc/passwd', '/etc/passwd', 'a/../../b', 'a%00b', 'x'.repeat(70_000)])(
  'the path %.20s leads nowhere in a version',
  async (path) => {
    const headers = { authorization: `Bearer ${ada.session}` };
    const answer = await ask(`${rose.url}/projects/${project.id}/versions/1/file?path=${path}`, { headers });
    expect([400, 404, 414, 431]).toContain(answer.status);
    expect(answer.text).not.toContain('root:');
  },
);
