import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { encodePathParameter } from '@rose/contract';
import { expect, test } from 'vitest';
import { useAgent } from '../../test/use-agent.ts';

const bench = useAgent();
const { at, disk } = bench;

test('names are bytes: newlines, escapes and bytes outside UTF-8 go round', async () => {
  const raw = Buffer.concat([Buffer.from(`${disk('')}/`), Buffer.from([0x61, 0xff, 0x0a, 0x1b])]);
  writeFileSync(raw, 'raw');
  const { entries } = await bench.agent.query('files.list', { path: at('') });
  const name = 'a\udcff\n\u001b';
  expect(entries.map((entry) => entry.name)).toEqual([name]);
  expect((await bench.agent.query('files.read', { path: at(name) })).content).toBe('raw');
  expect((await bench.agent.call(`/-/files.read?path=${encodePathParameter(at(name))}`)).body.toString()).toBe('raw');
  await bench.agent.mutate('files.rename', { from: at(name), to: at('plain') });
  expect(readFileSync(disk('plain'), 'utf8')).toBe('raw');
  await expect(bench.agent.query('files.stat', { path: at('x\ud800') })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
});

test('a directory is listed by bytes, page by page', async () => {
  const names = ['B', 'a', 'a-', 'é', '中', '𐀀', 'z'];
  for (const name of names) writeFileSync(disk(name), '');
  const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { entries: { name: string }[]; next: string | null } = await bench.agent.query('files.list', {
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
  const { entries } = await bench.agent.query('files.list', { path: at('') });
  expect(entries.map((entry) => [entry.name, entry.kind])).toEqual([
    ['d', 'directory'],
    ['f', 'file'],
    ['l', 'symlink'],
    ['p', 'other'],
  ]);
  expect(entries[1]!.mtimeNs).toBe('-1876543211');
  expect(await bench.agent.query('files.stat', { path: at('l') })).toMatchObject({
    name: 'l',
    kind: 'symlink',
    size: 7,
  });
  expect(await bench.agent.query('files.stat', { path: '' })).toMatchObject({ name: '', kind: 'directory' });
});

test('directories are made, with their parents when asked', async () => {
  await bench.agent.mutate('files.mkdir', { path: at('a') });
  await expect(bench.agent.mutate('files.mkdir', { path: at('a') })).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(bench.agent.mutate('files.mkdir', { path: at('x/y') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await bench.agent.mutate('files.mkdir', { path: at('a/b/c'), recursive: true });
  await bench.agent.mutate('files.mkdir', { path: at('a/b/c'), recursive: true });
  expect(statSync(disk('a/b/c')).isDirectory()).toBe(true);
  writeFileSync(disk('file'), '');
  await expect(bench.agent.mutate('files.mkdir', { path: at('file'), recursive: true })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
});

test('a rename overwrites only when told to', async () => {
  writeFileSync(disk('a'), 'a');
  writeFileSync(disk('b'), 'b');
  await expect(bench.agent.mutate('files.rename', { from: at('a'), to: at('b') })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  expect(readFileSync(disk('b'), 'utf8')).toBe('b');
  await bench.agent.mutate('files.rename', { from: at('a'), to: at('b'), overwrite: true });
  expect(readFileSync(disk('b'), 'utf8')).toBe('a');
  await expect(bench.agent.mutate('files.rename', { from: at('a'), to: at('c') })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  mkdirSync(disk('d'));
  const itself = bench.agent.mutate('files.rename', { from: at('d'), to: at('d/e') });
  await expect(itself).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('deleting needs recursive for a directory with content, and takes a tree of any depth', async () => {
  mkdirSync(disk('d'));
  writeFileSync(disk('d/f'), '');
  await expect(bench.agent.mutate('files.delete', { path: at('d') })).rejects.toMatchObject({ code: 'CONFLICT' });
  const deep = 'for (let i = 0; i < 2500; i++) { fs.mkdirSync("x"); process.chdir("x"); }';
  execFileSync(process.execPath, ['-e', deep], { cwd: disk('d') });
  chmodSync(disk('d'), 0o500);
  await bench.agent.mutate('files.delete', { path: at('d'), recursive: true });
  expect(existsSync(disk('d'))).toBe(false);
  await expect.poll(() => readdirSync(join(bench.agent.home, '.rose/trash')), { timeout: 20_000 }).toEqual([]);
  await expect(bench.agent.mutate('files.delete', { path: at('d') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(bench.agent.mutate('files.delete', { path: '', recursive: true })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
});
