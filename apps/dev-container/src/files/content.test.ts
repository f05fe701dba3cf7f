import { hash } from 'node:crypto';
import { chmodSync, existsSync, linkSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePathParameter } from '@rose/contract';
import { expect, test } from 'vitest';
import { errorOf } from '../../test/start-agent.ts';
import { useAgent } from '../../test/use-agent.ts';

const bench = useAgent();
const { at, disk } = bench;
const sha = (text: string | Buffer): string => hash('sha256', text);

test('a text file is written, read and listed', async () => {
  const written = await bench.agent.mutate('files.write', { path: at('note.txt'), content: 'Grüße, Ada' });
  expect(written).toMatchObject({ path: at('note.txt'), hash: sha('Grüße, Ada'), size: 12, mode: 0o644 });
  const read = await bench.agent.query('files.read', { path: at('note.txt') });
  expect(read).toMatchObject({ content: 'Grüße, Ada', encoding: 'utf8', size: 12, length: 12, hash: written.hash });
  const { entries } = await bench.agent.query('files.list', { path: at('') });
  expect(entries).toEqual([{ name: 'note.txt', kind: 'file', mode: 0o644, size: 12, mtimeNs: written.mtimeNs }]);
});

test('binary content travels as base64, unharmed', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  await bench.agent.mutate('files.write', { path: at('b'), content: bytes.toString('base64'), encoding: 'base64' });
  expect(readFileSync(disk('b'))).toEqual(bytes);
  const read = await bench.agent.query('files.read', { path: at('b') });
  expect(read.encoding).toBe('base64');
  expect(Buffer.from(read.content, 'base64')).toEqual(bytes);
  await expect(bench.agent.query('files.read', { path: at('b'), encoding: 'utf8' })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
  const bad = bench.agent.mutate('files.write', { path: at('b'), content: 'no base64!', encoding: 'base64' });
  await expect(bad).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('a byte order mark and a lone CR survive', async () => {
  const content = '\uFEFFa\rb\r\n';
  await bench.agent.mutate('files.write', { path: at('bom'), content });
  expect((await bench.agent.query('files.read', { path: at('bom') })).content).toBe(content);
});

test('a piece of a file is read without a hash of the whole', async () => {
  writeFileSync(disk('ten'), '0123456789');
  const piece = await bench.agent.query('files.read', { path: at('ten'), offset: 3, length: 4 });
  expect(piece).toMatchObject({ content: '3456', size: 10, offset: 3, length: 4, hash: null });
  expect(await bench.agent.query('files.read', { path: at('ten'), offset: 20 })).toMatchObject({
    content: '',
    length: 0,
  });
});

test('a file over 1 MiB is read by pieces or streamed', async () => {
  const large = Buffer.alloc(3 * 1024 * 1024 + 7, 'abc');
  writeFileSync(disk('large'), large);
  await expect(bench.agent.query('files.read', { path: at('large') })).rejects.toMatchObject({ code: 'TOO_LARGE' });
  const whole = await bench.agent.call(`/-/files.read?path=${encodePathParameter(at('large'))}`, { role: 'viewer' });
  expect(whole.headers['content-length']).toBe(String(large.length));
  expect(whole.body.equals(large)).toBe(true);
  const range = await bench.agent.call(`/-/files.read?path=${at('large')}&offset=${large.length - 5}&length=100`);
  expect(range.body).toEqual(large.subarray(-5));
  expect((await bench.agent.call(`/-/files.read?path=${at('large')}&offset=99999999`)).body.length).toBe(0);
});

test('a large file is written by a stream, guarded by the hash', async () => {
  const large = Buffer.alloc(5 * 1024 * 1024, 'xyz');
  const url = `/-/files.write?path=${at('up')}`;
  const made = await bench.agent.call(`${url}&expectedHash=null`, { method: 'POST', body: large });
  expect(JSON.parse(made.body.toString())).toMatchObject({ path: at('up'), hash: sha(large), size: large.length });
  expect(readFileSync(disk('up')).equals(large)).toBe(true);
  const again = await bench.agent.call(`${url}&expectedHash=null`, { method: 'POST', body: 'other' });
  expect(errorOf(again)).toMatchObject({
    status: 409,
    code: 'FILE_CHANGED',
    details: { expected: null, actual: sha(large) },
  });
  const next = await bench.agent.call(`${url}&expectedHash=${sha(large)}`, { method: 'POST', body: 'next' });
  expect(next.status).toBe(200);
  expect(readFileSync(disk('up'), 'utf8')).toBe('next');
});

test('a write over what somebody else changed is refused and tells both hashes', async () => {
  const { hash: first } = await bench.agent.mutate('files.write', {
    path: at('f'),
    content: 'one',
    expectedHash: null,
  });
  writeFileSync(disk('f'), 'two');
  const failure = bench.agent.mutate('files.write', { path: at('f'), content: 'three', expectedHash: first });
  await expect(failure).rejects.toMatchObject({
    code: 'FILE_CHANGED',
    status: 409,
    details: { path: at('f'), expected: sha('one'), actual: sha('two') },
  });
  expect(readFileSync(disk('f'), 'utf8')).toBe('two');
  const gone = bench.agent.mutate('files.write', { path: at('g'), content: 'x', expectedHash: sha('x') });
  await expect(gone).rejects.toMatchObject({ code: 'FILE_CHANGED', details: { actual: null } });
  expect(existsSync(disk('g'))).toBe(false);
});

test('of twenty writes at once that expect the same content one wins', async () => {
  writeFileSync(disk('race'), 'start');
  const writes = Array.from({ length: 20 }, (_, index) =>
    bench.agent.mutate('files.write', { path: at('race'), content: `writer ${index}`, expectedHash: sha('start') }),
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
  await bench.agent.mutate('files.write', { path: at('run.sh'), content: 'new' });
  expect(statSync(disk('run.sh')).mode & 0o7777).toBe(0o755);
  expect(readFileSync(disk('same inode'), 'utf8')).toBe('old');
});

test('an upload that breaks off leaves the old file and nothing else', async () => {
  writeFileSync(disk('kept'), 'old');
  const request = bench.agent.open(`/-/files.write?path=${at('kept')}`, {
    method: 'POST',
    headers: { 'content-length': '1000' },
  });
  request.on('error', () => {});
  request.write('half');
  const incoming = join(bench.agent.home, '.rose/incoming');
  await expect.poll(() => readdirSync(incoming).length).toBe(1);
  request.destroy();
  await expect.poll(() => readdirSync(incoming).length).toBe(0);
  expect(readFileSync(disk('kept'), 'utf8')).toBe('old');
});

test('a file that shrinks while it is streamed breaks the call off', async () => {
  writeFileSync(disk('shrinks'), Buffer.alloc(64 * 1024 * 1024));
  const request = bench.agent.open(`/-/files.read?path=${at('shrinks')}`);
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
