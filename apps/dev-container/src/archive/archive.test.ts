import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { DEFAULT_ZIP_LIMITS } from '@rose/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errorOf, startAgent, type Answer, type TestAgent } from '../../test/start-agent.ts';
import { DIRECTORY, LINK, makeZip } from '../../test/zip-writer.ts';

let agent: TestAgent;
beforeEach(async () => {
  agent = await startAgent();
});
afterEach(() => agent[Symbol.asyncDispose]());
const disk = (path: string): string => join(agent.workspace, path);
const zip = (path = ''): Promise<Answer> =>
  agent.call(`/-/archive.zip?path=${encodeURIComponent(path)}`, { role: 'viewer' });
const unzip = (body: Buffer, path = ''): Promise<Answer> =>
  agent.call(`/-/archive.unzip?path=${encodeURIComponent(path)}`, { method: 'POST', body });

/** What `find` says of a tree: kind, mode, mtime in seconds, size of files, name, target. */
function describe(directory: string): string[] {
  const format = '%y %m %T@ %s %P -> %l\\0';
  const found = execFileSync('find', ['.', '-mindepth', '1', '-printf', format], {
    cwd: directory,
    encoding: 'latin1',
  });
  const lines = found.split('\0').filter(Boolean);
  return lines.map((line) => line.replace(/^d (\S+ \S+) \d+/, 'd $1').replace(/(\d+)\.\d+/, '$1')).toSorted();
}

function makeTree(): void {
  mkdirSync(disk('src/empty'), { recursive: true });
  writeFileSync(disk('src/main.ts'), 'console.log(1);\n');
  writeFileSync(disk('src/zero'), '');
  writeFileSync(disk('run.sh'), '#!/bin/sh\n');
  chmodSync(disk('run.sh'), 0o755);
  writeFileSync(disk('read-only'), 'x');
  chmodSync(disk('read-only'), 0o444);
  writeFileSync(disk('Grüße 中 𐀀'), 'Unicode');
  writeFileSync(disk('line\nbreak\u001b'), 'control characters');
  symlinkSync('main.ts', disk('src/link'));
  symlinkSync('../nowhere', disk('src/dangling'));
  symlinkSync('src', disk('to directory'));
  writeFileSync(disk('large'), Buffer.alloc(3 * 1024 * 1024, 'large '));
  execFileSync('sh', ['-c', 'find . -depth -exec touch -h -d "2020-02-02 02:02:03 UTC" {} +'], {
    cwd: agent.workspace,
  });
}

test('a workspace that is zipped and unzipped elsewhere is the same in every way', async () => {
  makeTree();
  const before = describe(agent.workspace);
  const answer = await zip();
  expect(answer.status).toBe(200);
  await using other = await startAgent();
  const unpacked = await other.call('/-/archive.unzip', { method: 'POST', body: answer.body });
  expect(JSON.parse(unpacked.body.toString())).toEqual({
    entries: before.length,
    bytes: expect.any(Number),
    ignored: 0,
  });
  expect(describe(other.workspace)).toEqual(before);
  expect(readFileSync(join(other.workspace, 'large')).equals(readFileSync(disk('large')))).toBe(true);
});

const hasInfoZip = ['zip', 'unzip'].every((tool) => spawnSync(tool, ['-v']).error === undefined);

test.skipIf(!hasInfoZip)('Info-ZIP reads our zips, and its zips are read (needs zip and unzip)', async () => {
  makeTree();
  const before = describe(agent.workspace);
  writeFileSync(join(agent.home, 'ours.zip'), (await zip()).body);
  mkdirSync(join(agent.home, 'theirs'));
  execFileSync('unzip', ['-q', '-^', '../ours.zip'], {
    cwd: join(agent.home, 'theirs'),
    env: { ...process.env, TZ: 'UTC' },
  });
  const unpacked = describe(join(agent.home, 'theirs'));
  // It sets no times of links.
  expect(unpacked.filter((line) => !line.startsWith('l'))).toEqual(before.filter((line) => !line.startsWith('l')));

  execFileSync('zip', ['-qry', '../theirs.zip', '.'], { cwd: agent.workspace });
  await using other = await startAgent();
  const body = readFileSync(join(agent.home, 'theirs.zip'));
  expect((await other.call('/-/archive.unzip', { method: 'POST', body })).status).toBe(200);
  expect(describe(other.workspace)).toEqual(before);
});

test('a directory is zipped by its path, without its own name', async () => {
  makeTree();
  const { body } = await zip('src');
  expect(errorOf(await unzip(body, 'src/empty'))).toMatchObject({
    code: 'ARCHIVE_REFUSED',
    details: { path: 'dangling' },
  });
  rmSync(disk('src/dangling'));
  expect((await unzip((await zip('src')).body, 'src/empty')).status).toBe(200);
  expect(readdirSync(disk('src/empty')).toSorted()).toEqual(['empty', 'link', 'main.ts', 'zero']);
  expect(errorOf(await zip('nowhere'))).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  expect(errorOf(await zip('run.sh'))).toMatchObject({ status: 409, code: 'CONFLICT' });
});

test('what a zip cannot hold is named before the first byte', async () => {
  mkdirSync(disk('d'));
  const cases: [() => void, string][] = [
    [() => writeFileSync(Buffer.concat([Buffer.from(disk('d/x')), Buffer.from([0xff])]), ''), 'd/x\udcff'],
    [() => writeFileSync(disk('d/back\\slash'), ''), 'd/back\\slash'],
    [() => writeFileSync(disk('c:drive'), ''), 'c:drive'],
    [() => symlinkSync(Buffer.from([0x61, 0xfe]), disk('d/link')), 'd/link'],
  ];
  for (const [make, path] of cases) {
    make();
    const error = errorOf(await zip());
    expect(error).toMatchObject({ status: 400, code: 'ARCHIVE_REFUSED', details: { path } });
    expect(error.message).toContain(JSON.stringify(path));
    execFileSync('sh', ['-c', 'rm -rf d/* c:*'], { cwd: agent.workspace });
  }
});

test('sockets and FIFOs are left out of a zip, and hold nothing up', async () => {
  execFileSync('mkfifo', [disk('fifo')]);
  writeFileSync(disk('file'), 'x');
  const { body } = await zip();
  expect(JSON.parse((await unzip(body)).body.toString())).toMatchObject({ entries: 1 });
  expect(JSON.parse((await unzip(makeZip([]))).body.toString())).toMatchObject({ entries: 0 });
});

test('a caller who does not read a zip holds it back, and may leave', async () => {
  for (let index = 0; index < 200; index += 1) {
    writeFileSync(disk(`f${index}`), randomBytes(100_000));
  }
  const request = agent.open('/-/archive.zip');
  const response = await new Promise<IncomingMessage>((resolve) => request.on('response', resolve).end());
  response.on('error', () => {});
  request.destroy();
  expect((await zip()).status).toBe(200);
});

test('unzipping merges directories, replaces files and links and keeps the rest', async () => {
  mkdirSync(disk('d/e'), { recursive: true });
  writeFileSync(disk('d/kept'), 'kept');
  writeFileSync(disk('d/replaced'), 'old');
  symlinkSync('kept', disk('d/link'));
  const body = makeZip([
    { name: 'd/replaced', data: 'new' },
    { name: 'd/link', data: 'a file now' },
    { name: 'd/e/f/g', data: 'deep' },
    { name: 'l', data: 'd/kept', mode: LINK },
  ]);
  expect((await unzip(body)).status).toBe(200);
  expect(readFileSync(disk('d/kept'), 'utf8')).toBe('kept');
  expect(readFileSync(disk('d/replaced'), 'utf8')).toBe('new');
  expect(lstatSync(disk('d/link')).isFile()).toBe(true);
  expect(readFileSync(disk('d/e/f/g'), 'utf8')).toBe('deep');
  expect(readlinkSync(disk('l'))).toBe('d/kept');
  expect(readdirSync(join(agent.home, '.rose/archive'))).toEqual([]);
});

test('a zip that meets a directory with a file, or the other way round, changes nothing', async () => {
  mkdirSync(disk('a'));
  writeFileSync(disk('b'), 'file');
  const before = describe(agent.workspace);
  for (const entries of [
    [
      { name: '0', data: 'x' },
      { name: 'a', data: 'x' },
    ],
    [
      { name: '0', data: 'x' },
      { name: 'b/', mode: DIRECTORY },
    ],
  ]) {
    expect(errorOf(await unzip(makeZip(entries)))).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect(describe(agent.workspace)).toEqual(before);
  }
});

test('a zip is staged for import without touching the workspace', async () => {
  async function* body(): AsyncGenerator<Buffer> {
    yield makeZip([
      { name: 'd/', mode: 0o040555 },
      { name: 'd/f', data: 'x', mode: 0o100640 },
      { name: '__MACOSX/junk', data: 'x' },
    ]);
  }
  const staged = await agent.agent.archive.stage(body(), DEFAULT_ZIP_LIMITS, AbortSignal.timeout(20_000));
  expect(readdirSync(staged.tree)).toEqual(['d']);
  expect(statSync(join(staged.tree, 'd')).mode & 0o7777).toBe(0o555);
  expect(statSync(join(staged.tree, 'd/f')).mode & 0o7777).toBe(0o640);
  expect(staged.zip).toMatchObject({ bytes: 2, ignored: 1 });
  expect(readdirSync(agent.workspace)).toEqual([]);
  staged[Symbol.dispose]();
  expect(readdirSync(join(agent.home, '.rose/archive'))).toEqual([]);
});

test('an upload of a zip that breaks off leaves nothing', async () => {
  const request = agent.open('/-/archive.unzip', { method: 'POST', headers: { 'content-length': '1000' } });
  request.on('error', () => {});
  request.write('PK');
  const room = join(agent.home, '.rose/archive');
  await expect.poll(() => readdirSync(room).length).toBe(1);
  request.destroy();
  await expect.poll(() => readdirSync(room).length).toBe(0);
  expect(readdirSync(agent.workspace)).toEqual([]);
});
