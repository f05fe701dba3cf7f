import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { findConnection } from '../src/connection.ts';
import { forgetSignIn, readSignIn, storeSignIn } from '../src/sign-ins.ts';

const root = await mkdtemp(path.join(tmpdir(), 'rose-cli-'));
afterAll(() => rm(root, { recursive: true }));

const url = 'http://127.0.0.1:4000';
let env: Record<string, string>;
beforeEach(async () => {
  env = { HOME: await mkdtemp(path.join(root, 'home-')) };
});

test('a stored sign-in can be read by its owner alone', async () => {
  storeSignIn({ url, token: 'secret' }, env);
  const directory = path.join(env.HOME!, '.config/rose/sign-ins');
  const [file, ...others] = await readdir(directory);
  expect(others).toEqual([]);
  expect((await stat(path.join(directory, file!))).mode & 0o777).toBe(0o600);
  expect((await stat(directory)).mode & 0o077).toBe(0);
});

test('a sign-in over an older one is private whatever the older one was', async () => {
  storeSignIn({ url, token: 'old' }, env);
  const directory = path.join(env.HOME!, '.config/rose/sign-ins');
  const [file] = await readdir(directory);
  await chmod(path.join(directory, file!), 0o666);
  storeSignIn({ url, token: 'new' }, env);
  expect((await stat(path.join(directory, file!))).mode & 0o777).toBe(0o600);
  expect(readSignIn(url, env)).toBe('new');
});

test('a sign-in counts for its own URL only', () => {
  storeSignIn({ url, token: 'here' }, env);
  storeSignIn({ url: 'https://rose.example.org/base', token: 'there' }, env);
  expect(readSignIn(url, env)).toBe('here');
  expect(readSignIn('https://rose.example.org/base', env)).toBe('there');
  expect(readSignIn('https://rose.example.org', env)).toBeNull();
  forgetSignIn(url, env);
  expect(readSignIn(url, env)).toBeNull();
});

test('a damaged file counts as no sign-in', async () => {
  storeSignIn({ url, token: 'here' }, env);
  const directory = path.join(env.HOME!, '.config/rose/sign-ins');
  const [file] = await readdir(directory);
  await writeFile(path.join(directory, file!), '{"url"');
  expect(readSignIn(url, env)).toBeNull();
});

test('XDG_CONFIG_HOME is used when it is absolute', async () => {
  const config = path.join(env.HOME!, 'elsewhere');
  storeSignIn({ url, token: 'here' }, { ...env, XDG_CONFIG_HOME: config });
  expect(await readdir(config)).toEqual(['rose']);
  expect(readSignIn(url, { ...env, XDG_CONFIG_HOME: 'relative' })).toBeNull();
});

test('flags win over the environment, and that over the stored sign-in', () => {
  storeSignIn({ url, token: 'stored' }, env);
  expect(findConnection({}, env)).toEqual({ url, token: 'stored', isStored: true });
  expect(findConnection({ url: `${url}/` }, env)).toEqual({ url, token: 'stored', isStored: true });
  const set = { ...env, ROSE_URL: 'http://other:1', ROSE_TOKEN: 'env' };
  expect(findConnection({}, set)).toEqual({ url: 'http://other:1', token: 'env', isStored: false });
  expect(findConnection({ token: 'flag' }, set)).toMatchObject({ url: 'http://other:1', token: 'flag' });
  expect(findConnection({ url }, set)).toMatchObject({ url, token: 'env' });
});

test('empty variables count as unset', () => {
  expect(findConnection({}, { ...env, ROSE_URL: '', ROSE_TOKEN: '' })).toEqual({ url, token: null, isStored: false });
});
