import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHouse, PASSWORD, type House, type Someone } from './house.ts';

let house: House;
let ada: Someone;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
});
afterAll(() => house?.[Symbol.asyncDispose]());

const failure = (err: string): unknown => JSON.parse(err);

test('who signs up is signed in, at that URL and on that machine', async () => {
  expect(await ada.json('whoami')).toEqual({ id: expect.any(Number), email: 'ada@example.org', name: 'Ada' });
  expect(await ada.rose('whoami')).toBe('Ada <ada@example.org>\n');
  const stranger = await house.person('Grace');
  const { code, err } = await stranger.run(['whoami', '--json']);
  expect(failure(err)).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
  expect(code).toBe(1);
});

test('the password is the first line of stdin without its end', async () => {
  for (const stdin of [PASSWORD, `${PASSWORD}\n`, `${PASSWORD}\r\n`, `${PASSWORD}\nmore\n`]) {
    const { code, err } = await ada.run(['sign-in', '--email', ada.email, '--password-stdin'], { stdin });
    expect({ code, err }).toEqual({ code: 0, err: '' });
  }
  const { err } = await ada.run(['sign-in', '--email', ada.email, '--password-stdin', '--json'], {
    stdin: ` ${PASSWORD}`,
  });
  expect(failure(err)).toMatchObject({ error: { code: 'WRONG_CREDENTIALS' } });
});

test('a sign-in prints the account and a sign-out forgets it', async () => {
  const machine = await house.person('Laptop');
  const signIn = ['sign-in', '--email', ada.email, '--password-stdin', '--json'];
  expect(JSON.parse((await machine.run(signIn, { stdin: PASSWORD })).out)).toEqual(await ada.json('whoami'));
  await machine.rose('sign-out');
  const { code, err } = await machine.run(['sign-out', '--json']);
  expect(failure(err)).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
  expect(code).toBe(1);
  await ada.rose('whoami');
});

test('a sign-out of a session that has ended already is no failure', async () => {
  const machine = await house.person('Phone');
  await machine.run(['sign-in', '--email', ada.email, '--password-stdin'], { stdin: PASSWORD });
  const session = (await house.orchestrator.context.database.prisma.session.findMany()).at(-1)!;
  await house.orchestrator.context.database.prisma.session.delete({ where: { id: session.id } });
  expect(await machine.run(['sign-out'])).toMatchObject({ code: 0, err: '' });
});

test('a token signs in wherever it is given, until it is revoked', async () => {
  const { id, token } = await ada.json<{ id: number; token: string }>('token', 'create', 'build server');
  expect(token).toMatch(/^rose_/);
  const server = await house.person('Server');
  expect(await server.json('whoami', '--token', token)).toMatchObject({ email: ada.email });
  const env = { ...server.env, ROSE_TOKEN: token };
  expect((await server.run(['whoami'], { env })).out).toContain(ada.email);
  expect(await ada.json('token', 'list')).toMatchObject([{ id, name: 'build server', scope: 'full' }]);
  expect(await ada.rose('token', 'list')).toMatch(/^ID +NAME +SCOPE/);
  await ada.rose('token', 'revoke', String(id));
  expect(await server.run(['whoami'], { env })).toMatchObject({ code: 1 });
});

test('a read-only token changes nothing', async () => {
  const { token } = await ada.json<{ token: string }>('token', 'create', 'reader', '--read-only', '--days', '1');
  const { code, err } = await ada.run(['settings', 'set', 'theme', 'light', '--json', '--token', token]);
  expect(failure(err)).toMatchObject({ error: { code: 'FORBIDDEN' } });
  expect(code).toBe(1);
});

test('settings are JSON where they parse, else strings, and tell where they come from', async () => {
  expect(await ada.json('settings', 'get', 'theme')).toEqual({ value: 'dark', source: 'installation' });
  expect(await ada.json('settings', 'set', 'theme', 'light')).toEqual({ value: 'light', source: 'user' });
  expect(await ada.json('settings', 'set', 'editorTabSize', '8')).toEqual({ value: 8, source: 'user' });
  expect(await ada.rose('settings', 'get', 'theme')).toBe('light\n');
  expect(await ada.json('settings', 'get')).toMatchObject({ theme: { value: 'light', source: 'user' } });
  expect(await ada.rose('settings', 'get')).toMatch(/^KEY +VALUE +FROM\n(.*\n)*theme +light +user\n/);
  expect(await ada.json('settings', 'reset', 'theme')).toEqual({ value: 'dark', source: 'installation' });
});

test.each([
  [['settings', 'set', 'colour', 'red'], 'INVALID_INPUT', 'colour'],
  [['settings', 'set', 'editorTabSize', 'four'], 'INVALID_INPUT', 'editorTabSize'],
  [['settings', 'reset', 'colour'], 'INVALID_INPUT', 'key'],
  [['settings', 'get', 'colour'], 'NOT_FOUND', 'colour'],
])('%j is refused as %s', async (argv, code, named) => {
  const { code: exit, err } = await ada.run([...argv, '--json']);
  expect(failure(err)).toMatchObject({ error: { code, message: expect.stringContaining(named) } });
  expect(exit).toBe(1);
});
