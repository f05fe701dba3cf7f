import { truncate } from 'node:fs/promises';
import path from 'node:path';
import { idOf } from '@rose/snapshot';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openHouse, type House, type Someone } from './house.ts';

let house: House;
let ada: Someone;
let count = 0;
let vault: string;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
});
afterAll(() => house?.[Symbol.asyncDispose]());
beforeEach(async () => {
  vault = `vault ${(count += 1)}`;
  await ada.rose('project', 'create', vault);
});

const shell = (script: string) => ada.rose('exec', vault, '--', 'sh', '-c', script);

test('verify exits 1 and names version and path of what is damaged, and a full save heals it', async () => {
  await shell(`printf %s 'kept in ${vault}' > kept`);
  await ada.rose('save', vault);
  expect(await ada.rose('verify', vault)).toMatch(/^All is whole: /);
  const id = Buffer.from(idOf(Buffer.from(`kept in ${vault}`)), 'hex');
  const flip = 'UPDATE "StoredObject" SET data = set_bit(data, 80, 1 - get_bit(data, 80)) WHERE id = $1';
  await house.orchestrator.context.database.pool.query(flip, [id]);

  const text = await ada.run(['verify', vault]);
  expect([text.code, text.out]).toEqual([1, expect.stringContaining(`\n  ${vault}@1 kept\n`)]);
  const json = await ada.run(['verify', '--json']);
  expect([json.code, JSON.parse(json.out)]).toEqual([
    1,
    { objects: expect.any(Number), bytes: expect.any(Number), damaged: [{ version: 1, project: vault, path: 'kept' }] },
  ]);
  await ada.rose('save', vault, '--full');
  expect(await ada.json('verify', vault)).toMatchObject({ damaged: [] });
});

test('space says what each version frees, and gc frees it once the version is deleted', async () => {
  await shell('head -c 30000 /dev/urandom > large');
  await ada.rose('save', vault);
  await shell('head -c 10 /dev/urandom > large');
  await ada.rose('save', vault);
  const space = await ada.json<{ versions: { version: number; freedBytes: number }[] }>('space', vault);
  expect(space).toMatchObject({ quotaBytes: null, ownerBytes: expect.any(Number), projectBytes: expect.any(Number) });
  const [first] = space.versions;
  expect(first!.freedBytes).toBeGreaterThan(30_000);
  expect(await ada.rose('space', vault)).toMatch(
    /VERSION +KIND +SIZE +STORED +FREES\n +1 +manual .*\n.* stored in all\.\n$/s,
  );

  await ada.rose('version', 'delete', vault, '1');
  const told = await ada.json<{ bytes: number }>('gc', '--dry-run');
  expect(told.bytes).toBeGreaterThanOrEqual(first!.freedBytes);
  expect(await ada.json('gc')).toMatchObject({ bytes: told.bytes, dryRun: false });
  expect(await ada.rose('gc')).toBe('Freed 0 B (0 objects).\n');
});

test('a project that needs attention says so in one line, and how to get out of it', async () => {
  await shell(`printf %s 'whole in ${vault}' > page`);
  await ada.rose('save', vault);
  await shell(`printf %s 'lost in ${vault}' > page`);
  await ada.rose('save', vault);
  await ada.rose('project', 'stop', vault);
  const { database, runtime } = house.orchestrator.context;
  const { id, workspacePath } = await database.prisma.project.findFirstOrThrow({ where: { name: vault } });
  await runtime.removeVolume(workspacePath);
  const lost = Buffer.from(idOf(Buffer.from(`lost in ${vault}`)), 'hex');
  await database.pool.query('DELETE FROM "StoredObject" WHERE id = $1', [lost]);

  const { code, err } = await ada.run(['cat', vault, 'page']);
  expect(code).toBe(1);
  expect(err).toMatch(new RegExp(`Version 2, the active one, is damaged: "page" .* rose load ${id} 1`));
  expect(await ada.json('project', 'show', vault)).toMatchObject({ state: 'needs-attention' });
  expect(await ada.json('load', vault, '1', '--dry-run')).toMatchObject({ written: 1, removed: 0 });
  expect(await ada.json('load', vault, '1')).toMatchObject({ version: 1, checkpoint: null });
  expect(await ada.rose('cat', vault, 'page')).toBe(`whole in ${vault}`);
});

test('a project with all its versions goes into one file, and becomes a project again', async () => {
  await shell('echo one > page');
  await ada.rose('save', vault, '-m', 'first');
  await shell('echo two > page');
  await ada.rose('save', vault, '-m', 'second');
  const file = path.join(await house.directory('history'), 'vault.rose');
  expect(await ada.json('export', vault, '--history', '-o', file)).toMatchObject({ file, bytes: expect.any(Number) });
  const copy = `${vault} again`;
  expect(await ada.json('project', 'create', copy, '--from', file)).toMatchObject({ name: copy, activeVersion: 2 });
  expect(await ada.json('versions', copy)).toMatchObject([
    { version: 1, message: 'first', author: null, active: false },
    { version: 2, message: 'second', author: null, active: true },
  ]);
  expect([await ada.rose('cat', copy, 'page'), await ada.rose('cat', `${copy}@1`, 'page')]).toEqual(['two\n', 'one\n']);
  await truncate(file, 500);
  const { code, err } = await ada.run(['project', 'create', 'cut', '--from', file]);
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(/^.*The history cannot be imported: .* Nothing was made\.\n$/),
  ]);
  expect((await ada.run(['export', `${vault}@1`, '--history', '-o', file])).code).toBe(2);
});
