import { PROJECT_DEFAULTS, USER_DEFAULTS } from '@rose/contract';
import { ask, codeOf, failureOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let rose: TestOrchestrator;
beforeAll(async () => {
  rose = await testOrchestrator();
});
afterAll(() => rose[Symbol.asyncDispose]());

let made = 0;
async function projectOf(owner: Person): Promise<number> {
  made += 1;
  const data = { ownerId: owner.id, name: `project ${made}x`, workspacePath: `volume-${made}` };
  return (await rose.context.database.prisma.project.create({ data })).id;
}

/** Raw, past the client's types. */
const updateRaw = (person: Person, body: string, which = 'user') =>
  ask(`${rose.url}/trpc/settings.${which}.update`, { body, headers: { authorization: `Bearer ${person.session}` } });

describe('the settings of a person', () => {
  it('are the defaults of the installation until they are set, and again after a reset', async () => {
    const ada = await rose.signUp('Ada');
    const { settings } = ada.rose;
    const before = await settings.user.get.query();
    expect(before.theme).toEqual({ value: 'dark', source: 'installation' });
    expect(Object.keys(before).toSorted()).toEqual(Object.keys(USER_DEFAULTS).toSorted());

    const after = await settings.user.update.mutate({ values: { theme: 'light', editorTabSize: 4 } });
    expect(after.theme).toEqual({ value: 'light', source: 'user' });
    expect(after.editorTabSize).toEqual({ value: 4, source: 'user' });
    expect(await settings.user.get.query()).toEqual(after);

    const reset = await settings.user.reset.mutate({ key: 'theme' });
    expect(reset.theme).toEqual({ value: 'dark', source: 'installation' });
    expect(reset.editorTabSize.source).toBe('user');
  });

  it('keep the theme in its column, which is the truth', async () => {
    const bela = await rose.signUp('Bela');
    const { prisma } = rose.context.database;
    const where = { userId: bela.id };
    await bela.rose.settings.user.update.mutate({ values: { theme: 'light' } });
    expect(await prisma.userSettings.findUnique({ where })).toMatchObject({ theme: 'light' });
    await prisma.userSettings.update({ where, data: { theme: 'system' } });
    expect((await bela.rose.settings.user.get.query()).theme).toEqual({ value: 'system', source: 'user' });
  });

  it('a value set to what is the default anyway is the person’s own', async () => {
    const carol = await rose.signUp('Carol');
    const view = await carol.rose.settings.user.update.mutate({ values: { theme: 'dark' } });
    expect(view.theme).toEqual({ value: 'dark', source: 'user' });
  });

  it('all survive when different ones are set at once', async () => {
    const dora = await rose.signUp('Dora');
    const values = {
      theme: 'light',
      editorFontSize: 20,
      editorTabSize: 8,
      autosaveMinutes: 1,
      retentionLast: 3,
    } as const;
    const updates = Object.entries(values).map(([key, value]) => ({ [key]: value }));
    await Promise.all(updates.map((one) => dora.rose.settings.user.update.mutate({ values: one })));
    expect(await dora.rose.settings.user.get.query()).toMatchObject(
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value, source: 'user' }])),
    );
  });

  it.each([
    ['{"values":{"colour":"red"}}', 'colour'],
    ['{"values":{"__proto__":{"polluted":1}}}', '__proto__'],
    ['{"values":{"constructor":{}}}', 'constructor'],
    ['{"values":{"theme":"pink"}}', 'theme'],
    ['{"values":{"editorFontSize":1e9}}', 'editorFontSize'],
    ['{"values":{},"userId":1}', 'userId'],
  ])('refuse %s by name', async (body, name) => {
    const eve = await rose.signUp(`Eve${made++}`);
    const answer = await updateRaw(eve, body);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ error: { data: { rose: { code: 'INVALID_INPUT' } } } });
    expect(answer.text).toContain(name);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(await eve.rose.settings.user.get.query()).toMatchObject({ theme: { source: 'installation' } });
  });

  it('that another release stored and this one does not understand count as not set', async () => {
    const fay = await rose.signUp('Fay');
    const settings = { editorFontSize: 'huge', future: true, editorTabSize: 3 };
    await rose.context.database.prisma.userSettings.create({ data: { userId: fay.id, settings } });
    const view = await fay.rose.settings.user.get.query();
    expect(view.editorFontSize).toEqual({ value: USER_DEFAULTS.editorFontSize, source: 'installation' });
    expect(view.editorTabSize).toEqual({ value: 3, source: 'user' });
    expect(view).not.toHaveProperty('future');
  });
});

describe('the settings of a project', () => {
  it('override those of its owner, which override the installation’s', async () => {
    const gil = await rose.signUp('Gil');
    const projectId = await projectOf(gil);
    const { settings } = gil.rose;
    await settings.user.update.mutate({ values: { idleStopMinutes: 90, autosaveMinutes: 7 } });
    const view = await settings.project.update.mutate({ projectId, values: { autosaveMinutes: 0, memoryMiB: 512 } });
    expect(view.autosaveMinutes).toEqual({ value: 0, source: 'project' });
    expect(view.memoryMiB).toEqual({ value: 512, source: 'project' });
    expect(view.idleStopMinutes).toEqual({ value: 90, source: 'user' });
    expect(view.pids).toEqual({ value: PROJECT_DEFAULTS.pids, source: 'installation' });

    const reset = await settings.project.reset.mutate({ projectId, key: 'autosaveMinutes' });
    expect(reset.autosaveMinutes).toEqual({ value: 7, source: 'user' });
    const effective = await rose.context.services.settings.effectiveProjectSettings(projectId);
    expect(effective).toMatchObject({ autosaveMinutes: 7, memoryMiB: 512, idleStopMinutes: 90, egress: 'public' });
  });

  it('all survive when different ones are set at once', async () => {
    const hana = await rose.signUp('Hana');
    const projectId = await projectOf(hana);
    const values = { memoryMiB: 512, cpus: 1, pids: 300, egress: 'none', preSaveSeconds: 5 } as const;
    const updates = Object.entries(values).map(([key, value]) => ({ [key]: value }));
    await Promise.all(updates.map((one) => hana.rose.settings.project.update.mutate({ projectId, values: one })));
    expect(await rose.context.services.settings.effectiveProjectSettings(projectId)).toMatchObject(values);
  });

  it('are nobody else’s to see or to set, and those of a deleted project nobody’s', async () => {
    const [igor, jo] = [await rose.signUp('Igor'), await rose.signUp('Jo')];
    const projectId = await projectOf(igor);
    const values = { memoryMiB: 512 };
    const calls = (id: number) => [
      jo.rose.settings.project.get.query({ projectId: id }),
      jo.rose.settings.project.update.mutate({ projectId: id, values }),
      jo.rose.settings.project.reset.mutate({ projectId: id, key: 'memoryMiB' }),
    ];
    const foreign = await Promise.all(calls(projectId).map(failureOf));
    const missing = await Promise.all(calls(2_000_000_000).map(failureOf));
    for (const failure of [...foreign, ...missing]) expect(failure.code).toBe('NOT_FOUND');
    expect(foreign[0]?.message.replace(String(projectId), 'N')).toBe(missing[0]?.message.replace('2000000000', 'N'));

    await rose.context.database.prisma.project.update({ where: { id: projectId }, data: { deletedAt: new Date() } });
    expect(await codeOf(igor.rose.settings.project.get.query({ projectId }))).toBe('NOT_FOUND');
  });

  it.each([
    ['an unknown key', { colour: 'red' }, 'colour'],
    ['an environment name that is none', { environment: { 'A-B': 'x' } }, 'environment'],
    ['an environment value with a NUL', { environment: { A: 'x\0y' } }, 'environment'],
    ['a command with broken Unicode', { preSaveCommand: '\ud800' }, 'preSaveCommand'],
    ['a key of a person', { theme: 'light' }, 'theme'],
  ])('refuse %s by name', async (_what, values: object, name) => {
    const kim = await rose.signUp(`Kim${made++}`);
    const projectId = await projectOf(kim);
    const answer = await updateRaw(kim, JSON.stringify({ projectId, values }), 'project');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(name);
  });

  it('cannot reach into a prototype', async () => {
    const max = await rose.signUp('Max');
    const projectId = await projectOf(max);
    const body = `{"projectId":${projectId},"values":{"environment":{"__proto__":{"polluted":"1"},"constructor":"c"}}}`;
    const answer = await updateRaw(max, body, 'project');
    expect(answer.text).toContain('"environment":{"value":{"constructor":"c"},"source":"project"}');
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
  });

  it.each([0, -1, 1.5, 3_000_000_000, '"abc"', null])('a project id %s is refused', async (id) => {
    const lea = await rose.signUp(`Lea${made++}`);
    const answer = await updateRaw(lea, `{"projectId":${id},"values":{}}`, 'project');
    expect(answer.status).toBe(400);
  });
});
