import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHouse, type House, type Someone } from './house.ts';

let house: House;
let ada: Someone;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
});
afterAll(() => house?.[Symbol.asyncDispose]());

const shape = {
  id: expect.any(Number),
  name: 'shop',
  description: 'sells things',
  owner: 'ada@example.org',
  role: 'owner',
  state: 'running',
  runtime: 'process',
  activeVersion: null,
  createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
};

test('a project lives from create to delete and comes back by undelete', async () => {
  const made = await ada.json<{ id: number }>('project', 'create', 'shop', '--description', 'sells things');
  expect(made).toEqual(shape);
  const id = String(made.id);
  expect(await ada.json('project', 'list')).toEqual([shape]);
  expect(await ada.json('project', 'show', 'shop')).toEqual(shape);
  expect(await ada.rose('project', 'list')).toMatch(/^ID +NAME +STATE .*\n +\d+ +shop +running /);
  expect(await ada.rose('project', 'show', id)).toContain('description: sells things\n');
  expect(await ada.json('project', 'rename', 'shop', 'market')).toMatchObject({ id: made.id, name: 'market' });
  expect(await ada.json('project', 'stop', 'market')).toMatchObject({ state: 'asleep' });
  expect(await ada.json('project', 'start', id)).toMatchObject({ state: 'running' });
  await ada.rose('exec', 'market', '--', 'sh', '-c', 'echo kept > file');
  await ada.rose('project', 'delete', 'market');
  expect(await ada.json('project', 'list')).toEqual([]);
  expect(await ada.json('project', 'list', '--deleted')).toMatchObject([{ id: made.id, name: 'market' }]);
  expect(await ada.json('project', 'undelete', 'market')).toMatchObject({ id: made.id });
  expect(await ada.rose('cat', 'market', 'file')).toBe('kept\n');
});

test.each([
  [['create', 'market'], 'NAME_TAKEN'],
  [['create', '123'], 'INVALID_INPUT'],
  [['create', 'a@b'], 'INVALID_INPUT'],
  [['create', 'x'.repeat(10_000)], 'INVALID_INPUT'],
  [['create', ''], 'INVALID_INPUT'],
  [['create', 'two\nlines'], 'INVALID_INPUT'],
  [['show', 'nothing'], 'NOT_FOUND'],
  [['show', '0'], 'NOT_FOUND'],
  [['delete', '424242'], 'NOT_FOUND'],
  [['undelete', 'nothing'], 'NOT_FOUND'],
])('project %j fails as %s, in one line', async (argv, expected) => {
  const { code, out, err } = await ada.run(['project', ...argv, '--json']);
  expect(JSON.parse(err)).toMatchObject({ error: { code: expected } });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  const { err: text } = await ada.run(['project', ...argv]);
  expect(text).toMatch(/^rose: [^\n]+\n$/);
});

test('nobody sees another person’s project, by name or by id', async () => {
  const grace = await house.person('Grace');
  await grace.signUp();
  const { id } = await ada.json<{ id: number }>('project', 'show', 'market');
  expect(await grace.json('project', 'list')).toEqual([]);
  for (const reference of ['market', String(id)]) {
    for (const argv of [
      ['project', 'show', reference],
      ['save', reference],
      ['cat', reference, 'file'],
      ['ls', `${reference}@1`],
      ['pull', reference, `${grace.env.HOME}/pulled`],
    ]) {
      const { code, err } = await grace.run([...argv, '--json']);
      expect(JSON.parse(err), argv.join(' ')).toMatchObject({ error: { code: 'NOT_FOUND' } });
      expect(code).toBe(1);
    }
  }
});

test('settings of a project override one’s own', async () => {
  await ada.rose('settings', 'set', 'idleStopMinutes', '30');
  expect(await ada.json('settings', 'market', 'get', 'idleStopMinutes')).toEqual({ value: 30, source: 'user' });
  expect(await ada.json('settings', 'market', 'set', 'idleStopMinutes', '45')).toEqual({
    value: 45,
    source: 'project',
  });
  expect(await ada.json('settings', 'get', 'idleStopMinutes')).toEqual({ value: 30, source: 'user' });
  expect(await ada.json('settings', 'market', 'reset', 'idleStopMinutes')).toEqual({ value: 30, source: 'user' });
  expect(await ada.rose('settings', 'market', 'set', 'environment', '{"A":"b"}')).toBe('{"A":"b"}\n');
});
