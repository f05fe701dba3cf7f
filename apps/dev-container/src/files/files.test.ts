import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { encodePathParameter } from '@rose/contract';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { errorOf, startAgent, type TestAgent } from '../../test/start-agent.ts';

let agent: TestAgent;
let root: string;
let count = 0;
const sha = (text: string | Buffer): string => hash('sha256', text);

beforeAll(async () => {
  agent = await startAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());
/** Each test works in a directory of its own; `at` is its path for the agent. */
beforeEach(() => {
  root = `t${++count}`;
  mkdirSync(join(agent.workspace, root));
});
const at = (path: string): string => (path === '' ? root : `${root}/${path}`);
const disk = (path: string): string => join(agent.workspace, root, path);

test('a text file is written, read and listed', async () => {
  const written = await agent.mutate('files.write', { path: at('note.txt'), content: 'Grüße, Ada' });
  expect(written).toMatchObject({ path: at('note.txt'), hash: sha('Grüße, Ada'), size: 12, mode: 0o644 });
  const read = await agent.query('files.read', { path: at('note.txt') });
  expect(read).toMatchObject({ content: 'Grüße, Ada', encoding: 'utf8', size: 12, length: 12, hash: written.hash });
  const { entries } = await agent.query('files.list', { path: at('') });
  expect(entries).toEqual([{ name: 'note.txt', kind: 'file', mode: 0o644, size: 12, mtimeNs: written.mtimeNs }]);
});

test('binary content travels as base64, unharmed', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  await agent.mutate('files.write', { path: at('b'), content: bytes.toString('base64'), encoding: 'base64' });
  expect(readFileSync(disk('b'))).toEqual(bytes);
  const read = await agent.query('files.read', { path: at('b') });
  expect(read.encoding).toBe('base64');
  expect(Buffer.from(read.content, 'base64')).toEqual(bytes);
  await expect(agent.query('files.read', { path: at('b'), encoding: 'utf8' })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
  const bad = agent.mutate('files.write', { path: at('b'), content: 'no base64!', encoding: 'base64' });
  await expect(bad).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('a byte order mark and a lone CR survive', async () => {
  const content = '\uFEFFa\rb\r\n';
  await agent.mutate('files.write', { path: at('bom'), content });
  expect((await agent.query('files.read', { path: at('bom') })).content).toBe(content);
});

test('a piece of a file is read without a hash of the whole', async () => {
  writeFileSync(disk('ten'), '0123456789');
  const piece = await agent.query('files.read', { path: at('ten'), offset: 3, length: 4 });
  expect(piece).toMatchObject({ content: '3456', size: 10, offset: 3, length: 4, hash: null });
  expect(await agent.query('files.read', { path: at('ten'), offset: 20 })).toMatchObject({ content: '', length: 0 });
});

test('a file over 1 MiB is read by pieces or streamed', async () => {
  const large = Buffer.alloc(3 * 1024 * 1024 + 7, 'abc');
  writeFileSync(disk('large'), large);
  await expect(agent.query('files.read', { path: at('large') })).rejects.toMatchObject({ code: 'TOO_LARGE' });
  const whole = await agent.call(`/-/files.read?path=${encodePathParameter(at('large'))}`, { role: 'viewer' });
  expect(whole.headers['content-length']).toBe(String(large.length));
  expect(whole.body.equals(large)).toBe(true);
  const range = await agent.call(`/-/files.read?path=${at('large')}&offset=${large.length - 5}&length=100`);
  expect(range.body).toEqual(large.subarray(-5));
  expect((await agent.call(`/-/files.read?path=${at('large')}&offset=99999999`)).body.length).toBe(0);
});

test('a large file is written by a stream, guarded by the hash', async () => {
  const large = Buffer.alloc(5 * 1024 * 1024, 'xyz');
  const url = `/-/files.write?path=${at('up')}`;
  const made = await agent.call(`${url}&expectedHash=null`, { method: 'POST', body: large });
  expect(JSON.parse(made.body.toString())).toMatchObject({ path: at('up'), hash: sha(large), size: large.length });
  expect(readFileSync(disk('up')).equals(large)).toBe(true);
  const again = await agent.call(`${url}&expectedHash=null`, { method: 'POST', body: 'other' });
  expect(errorOf(again)).toMatchObject({
    status: 409,
    code: 'FILE_CHANGED',
    details: { expected: null, actual: sha(large) },
  });
  const next = await agent.call(`${url}&expectedHash=${sha(large)}`, { method: 'POST', body: 'next' });
  expect(next.status).toBe(200);
  expect(readFileSync(disk('up'), 'utf8')).toBe('next');
});

test('a write over what somebody else changed is refused and tells both hashes', async () => {
  const { hash: first } = await agent.mutate('files.write', { path: at('f'), content: 'one', expectedHash: null });
  writeFileSync(disk('f'), 'two');
  const failure = agent.mutate('files.write', { path: at('f'), content: 'three', expectedHash: first });
  await expect(failure).rejects.toMatchObject({
    code: 'FILE_CHANGED',
    status: 409,
    details: { path: at('f'), expected: sha('one'), actual: sha('two') },
  });
  expect(readFileSync(disk('f'), 'utf8')).toBe('two');
  const gone = agent.mutate('files.write', { path: at('g'), content: 'x', expectedHash: sha('x') });
  await expect(gone).rejects.toMatchObject({ code: 'FILE_CHANGED', details: { actual: null } });
  expect(existsSync(disk('g'))).toBe(false);
});

test('of twenty writes at once that expect the same content one wins', async () => {
  writeFileSync(disk('race'), 'start');
  const writes = Array.from({ length: 20 }, (_, index) =>
    agent.mutate('files.write', { path: at('race'), content: `writer ${index}`, expectedHash: sha('start') }),
  );
  const results = await Promise.allSettled(writes);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'FILE_CHANGED' });
  }
});

test('a write keeps the permission bits and replaces the file in one step', async () => {
  writeFileSync(disk('run.sh'), 'old');
  chmodSync(disk('run.sh'), 0o755);
  linkSync(disk('run.sh'), disk('same inode'));
  await agent.mutate('files.write', { path: at('run.sh'), content: 'new' });
  expect(statSync(disk('run.sh')).mode & 0o7777).toBe(0o755);
  expect(readFileSync(disk('same inode'), 'utf8')).toBe('old');
});

test('an upload that breaks off leaves the old file and nothing else', async () => {
  writeFileSync(disk('kept'), 'old');
  const request = agent.open(`/-/files.write?path=${at('kept')}`, {
    method: 'POST',
    headers: { 'content-length': '1000' },
  });
  request.on('error', () => {});
  request.write('half');
  const incoming = join(agent.home, '.rose/incoming');
  await expect.poll(() => readdirSync(incoming).length).toBe(1);
  request.destroy();
  await expect.poll(() => readdirSync(incoming).length).toBe(0);
  expect(readFileSync(disk('kept'), 'utf8')).toBe('old');
});

test('names are bytes: newlines, escapes and bytes outside UTF-8 go round', async () => {
  const raw = Buffer.concat([Buffer.from(`${disk('')}/`), Buffer.from([0x61, 0xff, 0x0a, 0x1b])]);
  writeFileSync(raw, 'raw');
  const { entries } = await agent.query('files.list', { path: at('') });
  const name = 'a\udcff\n\u001b';
  expect(entries.map((entry) => entry.name)).toEqual([name]);
  expect((await agent.query('files.read', { path: at(name) })).content).toBe('raw');
  expect((await agent.call(`/-/files.read?path=${encodePathParameter(at(name))}`)).body.toString()).toBe('raw');
  await agent.mutate('files.rename', { from: at(name), to: at('plain') });
  expect(readFileSync(disk('plain'), 'utf8')).toBe('raw');
  await expect(agent.query('files.stat', { path: at('x\ud800') })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('a directory is listed by bytes, page by page', async () => {
  const names = ['B', 'a', 'a-', 'é', '中', '𐀀', 'z'];
  for (const name of names) writeFileSync(disk(name), '');
  const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { entries: { name: string }[]; next: string | null } = await agent.query('files.list', {
      path: at(''),
      cursor,
      limit: 3,
    });
    expect(page.entries.length).toBeLessThanOrEqual(3);
    seen.push(...page.entries.map(({ name }) => name));
    cursor = page.next;
  }
  expect(seen).toEqual(sorted);
});

test('a listing tells kinds, modes and times to the nanosecond, of links themselves', async () => {
  mkdirSync(disk('d'));
  execFileSync('mkfifo', [disk('p')]);
  symlinkSync('nowhere', disk('l'));
  writeFileSync(disk('f'), 'abc');
  execFileSync('touch', ['-d', '1969-12-31 23:59:58.123456789 UTC', disk('f')]);
  const { entries } = await agent.query('files.list', { path: at('') });
  expect(entries.map((entry) => [entry.name, entry.kind])).toEqual([
    ['d', 'directory'],
    ['f', 'file'],
    ['l', 'symlink'],
    ['p', 'other'],
  ]);
  expect(entries[1]!.mtimeNs).toBe('-1876543211');
  expect(await agent.query('files.stat', { path: at('l') })).toMatchObject({ name: 'l', kind: 'symlink', size: 7 });
  expect(await agent.query('files.stat', { path: '' })).toMatchObject({ name: '', kind: 'directory' });
});

test('directories are made, with their parents when asked', async () => {
  await agent.mutate('files.mkdir', { path: at('a') });
  await expect(agent.mutate('files.mkdir', { path: at('a') })).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(agent.mutate('files.mkdir', { path: at('x/y') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await agent.mutate('files.mkdir', { path: at('a/b/c'), recursive: true });
  await agent.mutate('files.mkdir', { path: at('a/b/c'), recursive: true });
  expect(statSync(disk('a/b/c')).isDirectory()).toBe(true);
  writeFileSync(disk('file'), '');
  await expect(agent.mutate('files.mkdir', { path: at('file'), recursive: true })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
});

test('a rename overwrites only when told to', async () => {
  writeFileSync(disk('a'), 'a');
  writeFileSync(disk('b'), 'b');
  await expect(agent.mutate('files.rename', { from: at('a'), to: at('b') })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  expect(readFileSync(disk('b'), 'utf8')).toBe('b');
  await agent.mutate('files.rename', { from: at('a'), to: at('b'), overwrite: true });
  expect(readFileSync(disk('b'), 'utf8')).toBe('a');
  await expect(agent.mutate('files.rename', { from: at('a'), to: at('c') })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  mkdirSync(disk('d'));
  const itself = agent.mutate('files.rename', { from: at('d'), to: at('d/e') });
  await expect(itself).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('deleting needs recursive for a directory with content, and takes a tree of any depth', async () => {
  mkdirSync(disk('d'));
  writeFileSync(disk('d/f'), '');
  await expect(agent.mutate('files.delete', { path: at('d') })).rejects.toMatchObject({ code: 'CONFLICT' });
  const deep = 'for (let i = 0; i < 2500; i++) { fs.mkdirSync("x"); process.chdir("x"); }';
  execFileSync(process.execPath, ['-e', deep], { cwd: disk('d') });
  chmodSync(disk('d'), 0o500);
  await agent.mutate('files.delete', { path: at('d'), recursive: true });
  expect(existsSync(disk('d'))).toBe(false);
  await expect.poll(() => readdirSync(join(agent.home, '.rose/trash')), { timeout: 20_000 }).toEqual([]);
  await expect(agent.mutate('files.delete', { path: at('d') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(agent.mutate('files.delete', { path: '', recursive: true })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
});

test('deleting, renaming and looking at a link never touch what it points to', async () => {
  mkdirSync(disk('target'));
  writeFileSync(disk('target/f'), 'kept');
  symlinkSync('target', disk('link'));
  await agent.mutate('files.rename', { from: at('link'), to: at('moved') });
  expect(readlinkSync(disk('moved'))).toBe('target');
  await agent.mutate('files.delete', { path: at('moved'), recursive: true });
  mkdirSync(disk('tree'));
  symlinkSync(disk('target'), disk('tree/link'));
  await agent.mutate('files.delete', { path: at('tree'), recursive: true });
  await expect.poll(() => readdirSync(join(agent.home, '.rose/trash'))).toEqual([]);
  expect(readFileSync(disk('target/f'), 'utf8')).toBe('kept');
});

test('a read follows a link that stays inside, however it is written', async () => {
  mkdirSync(disk('d/e'), { recursive: true });
  writeFileSync(disk('f'), 'inside');
  symlinkSync('../../f', disk('d/e/up'));
  symlinkSync('d/e/up', disk('chain'));
  symlinkSync(disk('f'), disk('spelled out'));
  for (const path of ['d/e/up', 'chain', 'spelled out']) {
    expect(await agent.query('files.read', { path: at(path) })).toMatchObject({ content: 'inside', path: at('f') });
  }
  await agent.mutate('files.write', { path: at('chain'), content: 'changed', expectedHash: sha('inside') });
  expect(readFileSync(disk('f'), 'utf8')).toBe('changed');
  expect(lstatSync(disk('chain')).isSymbolicLink()).toBe(true);
});

test('a link that leads out, in circles or through the middle of a path is refused by name', async () => {
  writeFileSync(join(agent.home, 'secret'), 'secret');
  symlinkSync('../../secret', disk('out'));
  symlinkSync('/etc/passwd', disk('absolute'));
  symlinkSync('..', disk('parent'));
  symlinkSync('round', disk('round'));
  for (const path of ['out', 'absolute']) {
    const read = agent.query('files.read', { path: at(path) });
    await expect(read).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining(path) });
    await expect(agent.mutate('files.write', { path: at(path), content: 'x' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  }
  await expect(agent.query('files.read', { path: at('round') })).rejects.toMatchObject({ code: 'CONFLICT' });
  const through = [
    agent.query('files.read', { path: at(`parent/${root}/f`) }),
    agent.query('files.list', { path: at('parent') }),
    agent.query('files.stat', { path: at('parent/x') }),
    agent.mutate('files.write', { path: at('parent/x'), content: 'x' }),
    agent.mutate('files.mkdir', { path: at('parent/x'), recursive: true }),
    agent.mutate('files.rename', { from: at('out'), to: at('parent/x') }),
    agent.mutate('files.delete', { path: at('parent/x') }),
  ];
  for (const call of through) {
    await expect(call).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`"${at('parent')}" is a symbolic link to ".."`),
    });
  }
  expect(readFileSync(join(agent.home, 'secret'), 'utf8')).toBe('secret');
});

test('no path leaves the workspace', async () => {
  for (const path of ['..', '../x', 'a/../../x', '/etc/passwd', 'a\0b', `${'../'.repeat(40)}etc/passwd`]) {
    await expect(agent.query('files.read', { path })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(agent.mutate('files.write', { path, content: 'x' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    const streamed = await agent.call(`/-/files.read?path=${encodeURIComponent(path)}`);
    expect(errorOf(streamed)).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
  }
  const long = await agent.query('files.stat', { path: at('n'.repeat(256)) }).catch((error: unknown) => error);
  expect(long).toMatchObject({ code: 'INVALID_INPUT' });
});

test('a FIFO, a socket or a directory in place of a file is refused at once', async () => {
  execFileSync('mkfifo', [disk('fifo')]);
  mkdirSync(disk('dir'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(disk('sock'), resolve));
  for (const path of ['fifo', 'sock', 'dir']) {
    await expect(agent.query('files.read', { path: at(path) })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(agent.mutate('files.write', { path: at(path), content: 'x' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(errorOf(await agent.call(`/-/files.read?path=${at(path)}`))).toMatchObject({ code: 'CONFLICT' });
  }
  await new Promise((resolve) => server.close(resolve));
});

test('a file that shrinks while it is streamed breaks the call off', async () => {
  writeFileSync(disk('shrinks'), Buffer.alloc(64 * 1024 * 1024));
  const request = agent.open(`/-/files.read?path=${at('shrinks')}`);
  const ended = new Promise<string>((resolve) => {
    request.on('response', (response) => {
      response.once('data', () => {
        response.pause();
        writeFileSync(disk('shrinks'), 'short');
        response.resume();
      });
      response.on('error', () => resolve('broken off'));
      response.on('end', () => resolve('complete'));
    });
  });
  request.end();
  expect(await ended).toBe('broken off');
});

test('a workspace that was replaced by a link is used no more', async () => {
  await using other = await startAgent();
  execFileSync('sh', ['-c', 'rm -rf workspace && ln -s / workspace'], { cwd: other.home });
  await expect(other.query('files.list', {})).rejects.toMatchObject({ code: 'NEEDS_ATTENTION' });
  await expect(other.query('files.read', { path: 'etc/passwd' })).rejects.toMatchObject({ code: 'NEEDS_ATTENTION' });
});
