import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHouse, type House, type Someone } from './house.ts';
import { describeTree, growTree } from './trees.ts';

let house: House;
let ada: Someone;
let tree: string;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
  tree = await house.directory('tree');
  growTree(tree);
});
afterAll(() => house?.[Symbol.asyncDispose]());

let count = 0;
/** A project of its own for a test. */
async function project(): Promise<string> {
  const name = `project ${(count += 1)}`;
  await ada.rose('project', 'create', name);
  return name;
}

test('a pushed tree comes back identical in names, bytes, modes, times and links', async () => {
  const name = await project();
  const pushed = await ada.json('push', tree, name);
  const there = path.join(await house.directory('pull'), 'new', 'directory');
  expect(await ada.json('pull', name, there)).toEqual(pushed);
  expect(describeTree(there)).toEqual(describeTree(tree));
});

test('a push says how much it copied and what no tree holds', async () => {
  const name = await project();
  const source = await house.directory('source');
  await writeFile(path.join(source, 'file'), 'four');
  execFileSync('mkfifo', [path.join(source, 'pipe')]);
  expect(await ada.json('push', source, name)).toEqual({
    files: 1,
    bytes: 4,
    skipped: [{ path: 'pipe', reason: 'not a file, directory or link' }],
  });
});

test('a push into a path lands below it and touches nothing else', async () => {
  const name = await project();
  const source = await house.directory('source');
  await mkdir(path.join(source, 'sub'));
  await writeFile(path.join(source, 'sub/file'), 'new');
  await ada.rose('push', tree, name);
  await ada.rose('push', source, `${name}:a/b`);
  expect(await ada.rose('cat', name, 'a/b/sub/file')).toBe('new');
  expect(await ada.rose('cat', name, 'src/index.ts')).toBe('export {};\n');
  const there = await house.directory('pull');
  await ada.rose('pull', `${name}:a`, there);
  expect(describeTree(there).some((line) => line.startsWith('"b/sub/file"'))).toBe(true);
});

test('a push overwrites and deletes nothing, with --delete what DIR does not have goes', async () => {
  const name = await project();
  const source = await house.directory('source');
  await ada.rose('push', tree, name);
  await mkdir(path.join(source, 'src'));
  await writeFile(path.join(source, 'src/index.ts'), 'changed');
  await ada.rose('push', source, name);
  expect(await ada.rose('cat', name, 'src/index.ts')).toBe('changed');
  expect(await ada.rose('cat', name, '.hidden')).toBe('dotfile');
  await ada.rose('push', source, name, '--delete');
  const there = await house.directory('pull');
  await ada.rose('pull', name, there);
  expect(describeTree(there)).toEqual(describeTree(source));
});

test('a pull into a directory that is not empty needs --force, overwrites and deletes nothing', async () => {
  const name = await project();
  await ada.rose('push', tree, name);
  const there = await house.directory('pull');
  await writeFile(path.join(there, 'zero'), 'not empty');
  await writeFile(path.join(there, 'mine'), 'mine');
  const refused = await ada.run(['pull', name, there, '--json']);
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.err)).toMatchObject({
    error: { code: 'CONFLICT', message: expect.stringContaining('--force') },
  });
  expect(await readdir(there)).toEqual(['mine', 'zero']);
  await ada.rose('pull', name, there, '--force');
  expect(await readFile(path.join(there, 'mine'), 'utf8')).toBe('mine');
  await rm(path.join(there, 'mine'));
  expect(describeTree(there)).toEqual(describeTree(tree));
});

test('a pull writes through no link that lies in its way', async () => {
  const name = await project();
  await ada.rose('push', tree, name);
  const there = await house.directory('pull');
  const outside = await house.directory('outside');
  await symlink(outside, path.join(there, 'src'));
  await ada.rose('pull', name, there, '--force');
  expect(await readdir(outside)).toEqual([]);
  expect(describeTree(there)).toEqual(describeTree(tree));
});

test('a pull that fails leaves no directory that was not there', async () => {
  const name = await project();
  const there = path.join(await house.directory('pull'), 'new');
  const { code, err } = await ada.run(['pull', `${name}:no/such`, there, '--json']);
  expect(JSON.parse(err)).toMatchObject({ error: { code: 'NOT_FOUND' } });
  expect(code).toBe(1);
  expect(await readdir(path.dirname(there))).toEqual([]);
});

test('what cannot be read is reported, the rest is pushed, and the exit code is 1', async () => {
  const name = await project();
  const source = await mkdtemp(path.join(tmpdir(), 'rose-unreadable-'));
  await writeFile(path.join(source, 'open'), 'read');
  await writeFile(path.join(source, 'closed'), 'unread');
  await mkdir(path.join(source, 'closed-directory'));
  await chmod(source, 0o755);
  for (const closed of ['closed', 'closed-directory']) await chmod(path.join(source, closed), 0);
  const { token } = await ada.json<{ token: string }>('token', 'create', 'push');
  const push = () => withoutPrivileges(() => ada.run(['push', source, name, '--json', '--token', token]));
  const { code, out, err } = await push();
  await rm(source, { recursive: true });
  expect(JSON.parse(out)).toMatchObject({ files: 1, skipped: [{ path: 'closed' }, { path: 'closed-directory' }] });
  expect(JSON.parse(err)).toMatchObject({
    error: { message: '2 entries could not be read and were not copied: closed, closed-directory.' },
  });
  expect(code).toBe(1);
  expect(await ada.rose('cat', name, 'open')).toBe('read');
});

test('a deleting push deletes nothing that merely could not be read', async () => {
  const name = await project();
  const source = await mkdtemp(path.join(tmpdir(), 'rose-unreadable-'));
  await mkdir(path.join(source, 'directory'));
  for (const file of ['closed', 'directory/file', 'gone']) await writeFile(path.join(source, file), 'content');
  await ada.rose('push', source, name);
  await rm(path.join(source, 'gone'));
  await chmod(source, 0o755);
  for (const closed of ['closed', 'directory']) await chmod(path.join(source, closed), 0);
  const { token } = await ada.json<{ token: string }>('token', 'create', 'push');
  const { code } = await withoutPrivileges(() => ada.run(['push', source, name, '--delete', '--token', token]));
  await chmod(path.join(source, 'directory'), 0o755);
  await rm(source, { recursive: true });
  expect(code).toBe(1);
  const left = await ada.rose('exec', name, '--', 'sh', '-c', 'find -type f | sort');
  expect(left).toBe('./closed\n./directory/file\n');
});

/** Nothing is unreadable for root. */
async function withoutPrivileges<T>(deed: () => Promise<T>): Promise<T> {
  if (process.geteuid!() !== 0) return deed();
  process.seteuid!(65_534);
  try {
    return await deed();
  } finally {
    process.seteuid!(0);
  }
}

test('files are read byte for byte, and listed with all that is known of them', async () => {
  const name = await project();
  await ada.rose('push', tree, name);
  for (const file of ['binary', 'chunks', 'zero', 'new\nline', 'naïve 日本 🌹']) {
    const { stdout, code } = await ada.run(['cat', name, '--', file]);
    expect(code).toBe(0);
    expect(stdout.equals(await readFile(path.join(tree, file)))).toBe(true);
  }
  const entries = await ada.json<Record<string, unknown>[]>('ls', name);
  expect(entries.find((entry) => entry.name === 'run.sh')).toEqual({
    name: 'run.sh',
    kind: 'file',
    mode: 0o755,
    size: (await stat(path.join(tree, 'run.sh'))).size,
    mtimeNs: '4294967296999999999',
  });
  expect(entries.find((entry) => entry.name === 'caf\udce9')).toBeDefined();
  expect(await ada.rose('ls', name, 'src')).toMatch(/^MODE +SIZE +CHANGED +NAME\ndrwxr-xr-x +- +\S+ \S+ +deep\/\n/);
  expect(await ada.rose('ls', name)).toContain('caf\\xE9\n');
  expect(await ada.json('ls', name, 'empty')).toEqual([]);
});

test.each([
  [['cat', 'P', 'no/such'], 'NOT_FOUND'],
  [['cat', 'P', '../outside'], 'INVALID_INPUT'],
  [['cat', 'P', '/etc/passwd'], 'INVALID_INPUT'],
  [['ls', 'P', 'no/such'], 'NOT_FOUND'],
  [['cat', 'no such project', 'file'], 'NOT_FOUND'],
  [['cat', '999999', 'file'], 'NOT_FOUND'],
  [['ls', '99999999999'], 'NOT_FOUND'],
])('%j fails as %s', async (argv, expected) => {
  await ada.run(['project', 'create', 'P']);
  const { code, err } = await ada.run([...argv, '--json']);
  expect(JSON.parse(err)).toMatchObject({ error: { code: expected } });
  expect(code).toBe(1);
});
