import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
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
let shop: string;
beforeEach(async () => {
  shop = `shop ${(count += 1)}`;
  await ada.rose('project', 'create', shop);
});

const write = (file: string, content: string) =>
  ada.rose('exec', shop, '--', 'sh', '-c', `printf %s "$1" > "$0"`, file, content);
const failure = async (...argv: string[]) => {
  const { code, err } = await ada.run([...argv, '--json']);
  expect(code).toBe(1);
  return (JSON.parse(err) as { error: { code: string; message: string } }).error;
};

test('a save prints what other programs read, and nothing else', async () => {
  await ada.rose('push', tree, shop);
  const save = await ada.json('save', shop, '-m', 'first');
  expect(save).toEqual({
    version: 1,
    rootTree: expect.stringMatching(/^[0-9a-f]{64}$/),
    files: expect.any(Number),
    logicalBytes: expect.any(Number),
    storedBytes: expect.any(Number),
    changedDuringSave: [],
    skipped: [],
    durationMs: expect.any(Number),
  });
  expect(await ada.json('versions', shop)).toEqual([
    {
      version: 1,
      message: 'first',
      kind: 'manual',
      author: 'ada@example.org',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      active: true,
      files: (save as { files: number }).files,
      logicalBytes: (save as { logicalBytes: number }).logicalBytes,
      storedBytes: (save as { storedBytes: number }).storedBytes,
    },
  ]);
  expect(await ada.rose('save', shop)).toMatch(/^Saved version 2: \d+ files, .*; 0 B stored in .* s\.\n$/);
});

test('a version tells what it does not hold, also long after the save', async () => {
  await ada.rose('exec', shop, '--', 'sh', '-c', 'mkfifo pipe; echo one > file');
  const { rootTree } = await ada.json<{ rootTree: string }>('save', shop, '-m', 'with a pipe');
  await ada.rose('exec', shop, '--', 'rm', 'pipe');
  await ada.rose('save', shop, '-m', 'without it');
  const skipped = [{ path: 'pipe', reason: expect.any(String) }];
  const shown = { version: 1, message: 'with a pipe', rootTree, changedDuringSave: [], skipped };
  expect(await ada.json('version', 'show', shop, '1')).toMatchObject(shown);
  expect(await ada.json('version', 'show', shop, '2')).toMatchObject({ version: 2, active: true, skipped: [] });
  expect(await ada.rose('version', 'show', shop, '1')).toContain('not saved: pipe (');
  expect(await failure('version', 'show', shop, '3')).toMatchObject({ code: 'NOT_FOUND' });
});

test('each version is loaded and pulled as it was saved', async () => {
  await ada.rose('push', tree, shop);
  await ada.rose('save', shop);
  await write('src/index.ts', 'changed');
  await ada.rose('exec', shop, '--', 'rm', '-r', '.git', 'zero');
  await ada.rose('save', shop);
  const second = await house.directory('second');
  await ada.rose('pull', shop, second);
  for (const [version, expected] of [
    ['1', tree],
    ['2', second],
    ['1', tree],
  ] as const) {
    expect(await ada.json('load', shop, version)).toMatchObject({ version: Number(version), conflicts: [] });
    const there = await house.directory('pull');
    await ada.rose('pull', shop, there);
    expect(describeTree(there)).toEqual(describeTree(expected));
  }
});

test('a load keeps what was not saved, undo brings it back, and undo again redoes', async () => {
  await write('file', 'saved');
  await ada.rose('save', shop);
  await write('file', 'not saved');
  const load = await ada.json<{ checkpoint: number }>('load', shop);
  expect(load).toEqual({
    loadId: expect.any(String),
    version: 1,
    checkpoint: 2,
    written: 1,
    removed: 0,
    kept: expect.any(Number),
    bytes: 5,
    conflicts: [],
  });
  expect(await ada.rose('cat', shop, 'file')).toBe('saved');
  expect(await ada.json('undo', shop)).toMatchObject({ version: 2, checkpoint: null });
  expect(await ada.rose('cat', shop, 'file')).toBe('not saved');
  expect(await ada.rose('undo', shop)).toMatch(/^Loaded version 1: 1 written/);
  expect(await ada.rose('cat', shop, 'file')).toBe('saved');
});

test('a dry run tells the paths and does nothing', async () => {
  await write('file', 'saved');
  await ada.rose('save', shop);
  await write('file', 'changed');
  await write('new', 'new');
  expect(await ada.json('load', shop, '1', '--dry-run')).toEqual({
    loadId: null,
    version: 1,
    checkpoint: null,
    written: 1,
    removed: 1,
    kept: expect.any(Number),
    bytes: 5,
    conflicts: [],
    paths: [
      { path: 'file', action: 'write' },
      { path: 'new', action: 'remove' },
    ],
  });
  expect(await ada.rose('cat', shop, 'file')).toBe('changed');
  expect(await ada.json('versions', shop)).toHaveLength(1);
});

test('single paths are restored alone, and one that the version does not have is an error', async () => {
  await write('a', '1');
  await write('b', '1');
  await ada.rose('save', shop);
  await write('a', '2');
  await write('b', '2');
  await ada.rose('load', shop, '1', '--path', 'a');
  expect([await ada.rose('cat', shop, 'a'), await ada.rose('cat', shop, 'b')]).toEqual(['1', '2']);
  expect((await failure('load', shop, '1', '--path', 'no/such')).code).toBe('NOT_FOUND');
});

test('a dry run takes as many paths as a load does', async () => {
  await ada.rose(
    'exec',
    shop,
    '--',
    'sh',
    '-c',
    'mkdir d; for i in $(seq 2000); do : > "d/a rather long name $i"; done',
  );
  await ada.rose('save', shop);
  const paths = Array.from({ length: 2000 }, (_, at) => ['--path', `d/a rather long name ${at + 1}`]).flat();
  expect(await ada.json('load', shop, '--dry-run', ...paths)).toMatchObject({ version: 1, written: 0, conflicts: [] });
});

test('a discarding load keeps no checkpoint', async () => {
  await write('file', 'saved');
  await ada.rose('save', shop);
  await write('file', 'lost');
  expect(await ada.json('load', shop, '--discard')).toMatchObject({ version: 1, checkpoint: null });
  expect(await ada.json('versions', shop)).toHaveLength(1);
});

test('the status names each change since the last version', async () => {
  await write('kept', '1');
  await write('changed', '1');
  await write('gone', '1');
  await ada.rose('save', shop);
  expect(await ada.rose('status', shop)).toBe('Since version 1: nothing changed.\n');
  await write('changed', '22');
  await write('new\nname', 'not what went');
  await ada.rose('exec', shop, '--', 'rm', 'gone');
  expect(await ada.json('status', shop)).toMatchObject({
    base: 1,
    changes: [
      { path: 'changed', change: 'changed', kind: 'file' },
      { path: 'gone', change: 'removed', kind: 'file' },
      { path: 'new\nname', change: 'added', kind: 'file' },
    ],
  });
  const lines = (await ada.rose('status', shop)).split('\n');
  expect(lines[0]).toBe('Since version 1: 3 changes');
  expect(lines[3]).toMatch(/^ +added +new\\nname/);
});

test('a version is listed, read and exported with no container running', async () => {
  await write('file', 'in version 1');
  await ada.rose('exec', shop, '--', 'mkdir', 'directory');
  await ada.rose('save', shop);
  await write('file', 'later');
  await ada.rose('project', 'stop', shop);
  expect(await ada.rose('cat', `${shop}@1`, 'file')).toBe('in version 1');
  expect(await ada.json('ls', `${shop}@1`)).toMatchObject([
    { name: 'directory', kind: 'directory' },
    { name: 'file', kind: 'file', size: 12 },
  ]);
  const zip = path.join(await house.directory('export'), 'version.zip');
  await writeFile(zip, 'overwritten');
  const { bytes } = await ada.json<{ bytes: number }>('export', `${shop}@1`, '-o', zip);
  expect((await stat(zip)).size).toBe(bytes);
  expect(await ada.json('project', 'show', shop)).toMatchObject({ state: 'asleep' });
});

test('an exported workspace makes the same project again', async () => {
  await write('file', 'exported');
  await ada.rose(
    'exec',
    shop,
    '--',
    'sh',
    '-c',
    'mkdir -p a/b empty; ln -s a/b link; printf x > a/b/run; chmod 755 a/b/run',
  );
  const zip = path.join(await house.directory('export'), 'live.zip');
  await ada.rose('export', shop, '-o', zip);
  const copy = `copy of ${shop}`;
  expect(await ada.json('project', 'create', copy, '--from', zip)).toMatchObject({
    name: copy,
    activeVersion: 1,
    state: 'running',
  });
  expect(await ada.rose('cat', copy, 'file')).toBe('exported');
  expect(
    await ada.rose('exec', copy, '--', 'sh', '-c', 'readlink link; ls -d empty; test -x a/b/run && echo executable'),
  ).toBe('a/b\nempty\nexecutable\n');
  expect(await ada.json('import', shop, zip)).toMatchObject({ version: 1, files: 2 });
});

test('a project whose zip is refused is not made', async () => {
  const zip = path.join(await house.directory('import'), 'bad.zip');
  await writeFile(zip, 'this is no zip');
  expect((await failure('project', 'create', 'refused', '--from', zip)).code).toBe('ARCHIVE_REFUSED');
  expect(await ada.json<{ name: string }[]>('project', 'list')).not.toContainEqual(
    expect.objectContaining({ name: 'refused' }),
  );
});

test('an export that fails leaves the file as it was', async () => {
  const zip = path.join(await house.directory('export'), 'kept.zip');
  await writeFile(zip, 'kept');
  expect((await failure('export', `${shop}@7`, '-o', zip)).code).toBe('NOT_FOUND');
  expect(await readFile(zip, 'utf8')).toBe('kept');
});

test('what is not there is NOT_FOUND', async () => {
  for (const argv of [
    ['load', shop, '999'],
    ['ls', `${shop}@999`],
    ['cat', `${shop}@999`, 'file'],
    ['status', 'no such project'],
    ['save', '999999'],
  ]) {
    expect((await failure(...argv)).code, argv.join(' ')).toBe('NOT_FOUND');
  }
});

test('a terminal sees how far a save is, and its line is gone at the end', async () => {
  await ada.rose('push', tree, shop);
  const { code, out, err } = await ada.run(['save', shop], { terminal: true });
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^Saved version 1: /) });
  if (err !== '') expect(err).toMatch(/^(\rSaving[^\r\n]*\x1b\[K)+\r\x1b\[K$/);
});
