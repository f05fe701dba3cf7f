import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHouse, type House, type Someone } from './house.ts';

let house: House;
let ada: Someone;
let grace: Someone;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  grace = await house.person('Grace');
  await ada.signUp();
  await grace.signUp();
  await ada.rose('project', 'create', 'engine');
  await ada.rose('exec', 'engine', '--', 'sh', '-c', 'mkdir d; echo hers > d/page; echo note > note');
  await ada.rose('save', 'engine');
});
afterAll(() => house[Symbol.asyncDispose]());

const code = async (who: Someone, ...argv: string[]) => (await who.run(argv)).code;

describe('rose project share', () => {
  test('shares as a viewer, or in the role that is named; members lists it, unshare takes it back', async () => {
    expect(await ada.rose('project', 'share', 'engine', grace.email)).toMatch(/grace@example.org +Grace +viewer/);
    expect(await grace.rose('project', 'list')).toMatch(/engine .*viewer +ada@example.org/);
    await ada.rose('project', 'share', 'engine', grace.email, '--role', 'editor');
    const members = await grace.json<{ email: string; role: string }[]>('project', 'members', 'engine');
    expect(members.map(({ email, role }) => [email, role])).toEqual([
      [ada.email, 'owner'],
      [grace.email, 'editor'],
    ]);
    await ada.rose('project', 'unshare', 'engine', grace.email);
    expect(await grace.json('project', 'list')).toEqual([]);
  });

  test('of an unknown role is bad usage, with an unknown person a failure', async () => {
    expect(await code(ada, 'project', 'share', 'engine', grace.email, '--role', 'boss')).toBe(2);
    const { code: failed, err } = await ada.run(['project', 'share', 'engine', 'nobody@example.org']);
    expect([failed, err]).toEqual([1, expect.stringContaining('Nobody has an account with the e-mail')]);
  });
});

describe('what is shared', () => {
  test('is found by its name, unless one has one of that name', async () => {
    await ada.rose('project', 'share', 'engine', grace.email, '--role', 'editor');
    await grace.rose('exec', 'engine', '--', 'sh', '-c', 'echo ours > d/page');
    expect(await grace.json('save', 'engine')).toMatchObject({ version: 2 });
    expect(await grace.json('project', 'show', 'engine')).toMatchObject({ owner: ada.email, role: 'editor' });
    await grace.rose('fork', 'engine@1', 'engine');
    expect(await grace.json('project', 'show', 'engine')).toMatchObject({ owner: grace.email, role: 'owner' });
    expect(await grace.rose('cat', 'engine@1', 'd/page')).toBe('hers\n');
  });

  test('gives its paths to another project', async () => {
    const [shared] = await ada.json<{ id: number }[]>('project', 'list');
    const from = `${shared!.id}@2`;
    const plan = await grace.json('load', 'engine', '--from', from, '--path', 'd', '--dry-run');
    expect(plan).toMatchObject({ version: 2, written: 1, removed: 0, paths: [{ path: 'd/page', action: 'write' }] });
    expect(await grace.json('load', 'engine', '--from', from, '--path', 'd')).toMatchObject({ written: 1 });
    expect(await grace.rose('cat', 'engine', 'd/page')).toBe('ours\n');
    expect(await code(grace, 'load', 'engine', '--from', from)).toBe(2);
    expect(await code(grace, 'load', 'engine', '1', '--from', from, '--path', 'd')).toBe(2);
  });

  test('can be left', async () => {
    const [shared] = await ada.json<{ id: number }[]>('project', 'list');
    await grace.rose('project', 'leave', String(shared!.id));
    expect(await code(grace, 'project', 'show', String(shared!.id))).toBe(1);
    expect(await code(ada, 'project', 'leave', 'engine')).toBe(1);
  });
});
