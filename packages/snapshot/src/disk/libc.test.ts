import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { randomBytes, randomOf } from '../../test/random.ts';
import type { Raw } from '../raw.ts';
import { DirectoryCursor, openBeneath } from './beneath.ts';
import {
  close,
  DiskError,
  listNames,
  makeDirectory,
  makeSymlink,
  openAt,
  openDirectory,
  openRoot,
  readSymlink,
  removeDirectory,
  removeFile,
  rename,
  setMtime,
  setMtimeFd,
  statAt,
  statFd,
  type Fd,
} from './libc.ts';
import { removeTree } from './remove-tree.ts';

let folder: string;
let root: Fd;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'rose-libc-'));
  root = openRoot(folder);
});
afterEach(() => {
  close(root);
  fs.rmSync(folder, { recursive: true, force: true });
});

const raw = (text: string): Raw => text as Raw;
const at = (name: string): string => path.join(folder, name);
const { O_RDONLY, O_WRONLY, O_CREAT } = fs.constants;
const codeOf = (deed: () => unknown): string => {
  try {
    deed();
  } catch (error) {
    if (error instanceof DiskError) return error.code;
    throw error;
  }
  return 'done';
};

test('names of any bytes are made, listed, looked at and removed as those bytes', () => {
  const random = randomOf(11);
  const names = new Set<Raw>();
  while (names.size < 200) {
    const bytes = randomBytes(random, 1 + random(255)).map((byte) => (byte === 0 || byte === 0x2f ? 1 : byte));
    const name = raw(Buffer.from(bytes).toString('latin1'));
    if (name !== '.' && name !== '..') names.add(name);
  }
  for (const name of names) close(openAt(root, name, O_CREAT | O_WRONLY));
  expect(listNames(root).toSorted()).toEqual([...names].toSorted());
  for (const name of names) {
    expect(statAt(root, name)?.kind).toBe('file');
    removeFile(root, name);
  }
  expect(listNames(root)).toEqual([]);
});

test('a link is opened neither as a file nor as a directory, nor written through', () => {
  fs.writeFileSync(at('target'), 'kept');
  fs.mkdirSync(at('directory'));
  fs.symlinkSync('target', at('file-link'));
  fs.symlinkSync('directory', at('directory-link'));
  fs.symlinkSync('/etc', at('etc'));
  expect(codeOf(() => openAt(root, raw('file-link'), O_RDONLY))).toBe('ELOOP');
  expect(codeOf(() => openAt(root, raw('file-link'), O_WRONLY | O_CREAT))).toBe('ELOOP');
  expect(['ELOOP', 'ENOTDIR']).toContain(codeOf(() => openDirectory(root, raw('directory-link'))));
  expect(['ELOOP', 'ENOTDIR']).toContain(codeOf(() => openBeneath(root, raw('etc'))));
  expect(['ELOOP', 'ENOTDIR']).toContain(codeOf(() => openBeneath(root, raw('directory-link/x'))));
  expect(fs.readFileSync(at('target'), 'utf8')).toBe('kept');
});

test('opening a FIFO does not wait for its other end', () => {
  execFileSync('mkfifo', [at('fifo')]);
  const fd = openAt(root, raw('fifo'), O_RDONLY);
  expect(statFd(fd).kind).toBe('other');
  close(fd);
});

test('attributes are those of the entry itself: kind, 12 bits, size, time, links', () => {
  fs.writeFileSync(at('f'), 'four', { mode: 0o640 });
  fs.chmodSync(at('f'), 0o6751);
  fs.linkSync(at('f'), at('g'));
  fs.symlinkSync('somewhere', at('l'));
  expect(statAt(root, raw('f'))).toMatchObject({
    kind: 'file',
    mode: 0o6751,
    size: 4,
    links: 2,
    inode: fs.statSync(at('g')).ino,
  });
  expect(statAt(root, raw('l'))).toMatchObject({ kind: 'symlink', size: 9 });
  expect(statAt(root, raw('.'))?.kind).toBe('directory');
  expect(statAt(root, raw('absent'))).toBe(null);
  expect(statAt(root, raw('f/below'))).toBe(null);
});

test.each([
  [-1, 1],
  [-2_000_000_000, 999_999_999],
  [0, 0],
  [0, 1],
  [1_700_000_000, 123_456_789],
  [4_102_444_800, 5],
])('the time %i s %i ns is set and read back, on files, directories and links', (mtimeSeconds, mtimeNanoseconds) => {
  const mtime = { mtimeSeconds, mtimeNanoseconds };
  fs.writeFileSync(at('f'), 'x');
  fs.mkdirSync(at('d'));
  fs.symlinkSync('f', at('l'));
  const untouched = statAt(root, raw('f'));
  setMtime(root, raw('l'), mtime);
  expect(statAt(root, raw('l'))).toMatchObject(mtime);
  expect(statAt(root, raw('f'))?.mtimeSeconds).toBe(untouched?.mtimeSeconds);
  setMtime(root, raw('f'), mtime);
  expect(statAt(root, raw('f'))).toMatchObject(mtime);
  const fd = openDirectory(root, raw('d'));
  setMtimeFd(fd, mtime);
  expect(statFd(fd)).toMatchObject(mtime);
  close(fd);
});

test('a move that must not replace fails where something is, whatever it is, and leaves both', () => {
  fs.writeFileSync(at('from'), 'from');
  fs.writeFileSync(at('file'), 'file');
  fs.mkdirSync(at('directory'));
  fs.symlinkSync('nowhere', at('dangling'));
  for (const name of ['file', 'directory', 'dangling']) {
    expect(codeOf(() => rename(root, raw('from'), root, raw(name), { replace: false }))).toBe('EEXIST');
  }
  expect(fs.readFileSync(at('from'), 'utf8')).toBe('from');
  expect(fs.readFileSync(at('file'), 'utf8')).toBe('file');
  rename(root, raw('from'), root, raw('file'), { replace: true });
  expect(fs.readFileSync(at('file'), 'utf8')).toBe('from');
  rename(root, raw('file'), root, raw('free'), { replace: false });
  expect(fs.readdirSync(folder)).not.toContain('file');
});

test('link targets of any bytes and of the greatest length come back', () => {
  for (const target of ['a', '/etc/passwd', '../..', 'new\nline', '\u00ff\u00c3(', 't'.repeat(4095)]) {
    makeSymlink(raw(target), root, raw('l'));
    expect(readSymlink(root, raw('l'))).toBe(target);
    removeFile(root, raw('l'));
  }
});

test('a name with a NUL, or longer than any path, is refused before it is cut', () => {
  expect(codeOf(() => statAt(root, raw('a\0b')))).toBe('ENAMETOOLONG');
  expect(codeOf(() => makeDirectory(root, raw('x'.repeat(5000))))).toBe('ENAMETOOLONG');
  expect(codeOf(() => makeDirectory(root, raw('x'.repeat(256))))).toBe('ENAMETOOLONG');
});

test('directories below others are opened name by name; a cursor keeps the last one', () => {
  fs.mkdirSync(at('a/b/c'), { recursive: true });
  using cursor = new DirectoryCursor(root);
  const fd = cursor.at(raw('a/b'));
  makeDirectory(fd, raw('made'));
  expect(cursor.at(raw('a/b'))).toBe(fd);
  expect(fs.existsSync(at('a/b/made'))).toBe(true);
  expect(codeOf(() => cursor.at(raw('a/absent/c')))).toBe('ENOENT');
  expect(codeOf(() => removeDirectory(cursor.at(raw('a')), raw('b')))).toBe('ENOTEMPTY');
});

test('removing a tree takes links, not what they lead to, and what is closed to its owner', () => {
  fs.mkdirSync(at('outside'));
  fs.writeFileSync(at('outside/kept'), 'kept');
  fs.mkdirSync(at('tree/closed'), { recursive: true });
  fs.writeFileSync(at('tree/closed/f'), 'x');
  fs.symlinkSync('../outside', at('tree/link'));
  fs.chmodSync(at('tree/closed'), 0o500);
  removeTree(root, raw('tree'));
  removeTree(root, raw('absent'));
  expect(fs.readdirSync(folder)).toEqual(['outside']);
  expect(fs.readdirSync(at('outside'))).toEqual(['kept']);
});
