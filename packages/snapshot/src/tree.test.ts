import { expect, test } from 'vitest';
import { randomBytes, randomOf } from '../test/random.ts';
import { MAX_INLINE_CHUNKS, MAX_LINK_BYTES, MAX_OBJECT_BYTES } from './limits.ts';
import { ObjectError, type ObjectId } from './objects.ts';
import type { Raw } from './raw.ts';
import { decodeTree, encodeTree, mtimeNs, parseMtimeNs, TREE_MAGIC, type FileEntry, type TreeEntry } from './tree.ts';

const random = randomOf(20_261_124);

function randomId(): ObjectId {
  return randomBytes(random, 32).toString('hex') as ObjectId;
}

function randomName(longest: number): Raw {
  const bytes = randomBytes(random, 1 + random(longest)).map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte));
  const name = Buffer.from(bytes).toString('latin1');
  return (name === '.' || name === '..' ? 'a' : name) as Raw;
}

function randomEntry(name: Raw): TreeEntry {
  const base = {
    name,
    mode: random(0o10000),
    mtimeSeconds: random(2 ** 40) - 2 ** 39,
    mtimeNanoseconds: random(1_000_000_000),
  };
  const kind = random(4);
  if (kind === 0) return { ...base, kind: 'directory', tree: randomId() };
  if (kind === 1) return { ...base, kind: 'symlink', target: randomName(MAX_LINK_BYTES) };
  if (kind === 2) return { ...base, kind: 'file', size: random(2 ** 45), content: { list: randomId() } };
  const chunks = Array.from({ length: random(MAX_INLINE_CHUNKS + 1) }, () => ({
    id: randomId(),
    size: 1 + random(MAX_OBJECT_BYTES),
  }));
  return { ...base, kind: 'file', size: chunks.reduce((sum, { size }) => sum + size, 0), content: { chunks } };
}

test('any tree that keeps the rules is read back as it was written', () => {
  for (let round = 0; round < 300; round += 1) {
    const names = new Set(Array.from({ length: random(40) }, () => randomName(255)));
    const entries = [...names].toSorted().map(randomEntry);
    expect(decodeTree(encodeTree(entries))).toEqual(entries);
  }
});

const file: FileEntry = {
  kind: 'file',
  name: 'f' as Raw,
  mode: 0o644,
  mtimeSeconds: 1,
  mtimeNanoseconds: 2,
  size: 0,
  content: { chunks: [] },
};
const chunk = (size: number) => ({ id: 'ab'.repeat(32) as ObjectId, size });
const named = (name: string): TreeEntry => ({ ...file, name: name as Raw });

test.each<[string, TreeEntry[]]>([
  ['unsorted', [named('b'), named('a')]],
  ['duplicate', [named('a'), named('a')]],
  ['unsorted by bytes, though sorted by UTF-16', [named('\u00ff'), named('z')]],
])('a tree with %s names is refused', (_what, entries) => {
  expect(() => decodeTree(encodeTree(entries))).toThrow(ObjectError);
});

test.each(['', '.', '..', '/', 'a/b', '/a', '../a', 'a\0b', '\0'])('the name %j is refused', (name) => {
  expect(() => decodeTree(encodeTree([named(name)]))).toThrow(ObjectError);
});

test('names of 255 bytes are read; the length field cannot say more', () => {
  expect(decodeTree(encodeTree([named('n'.repeat(255))]))[0]!.name).toHaveLength(255);
  expect(() => decodeTree(encodeTree([named('n'.repeat(256))]))).toThrow(ObjectError);
});

test.each<[string, Partial<FileEntry>]>([
  ['13 mode bits', { mode: 0o10000 }],
  ['16 mode bits', { mode: 0xffff }],
  ['10^9 nanoseconds', { mtimeNanoseconds: 1_000_000_000 }],
  ['a time beyond what can be counted', { mtimeSeconds: 2 ** 60 }],
  ['a size without a chunk', { size: 1 }],
  [
    'a chunk that is over the bound',
    { size: MAX_OBJECT_BYTES + 1, content: { chunks: [chunk(MAX_OBJECT_BYTES + 1)] } },
  ],
  ['an empty chunk', { size: 0, content: { chunks: [chunk(0)] } }],
  ['an empty chunk among others', { size: 5, content: { chunks: [chunk(5), chunk(0)] } }],
  ['chunks that add up to more than its size', { size: 5, content: { chunks: [chunk(5), chunk(1)] } }],
  ['chunks that add up to less than its size', { size: 7, content: { chunks: [chunk(5), chunk(1)] } }],
  ['nine chunks in the entry', { size: 9, content: { chunks: Array.from({ length: 9 }, () => chunk(1)) } }],
])('an entry with %s is refused', (_what, change) => {
  expect(() => decodeTree(encodeTree([{ ...file, ...change }]))).toThrow(ObjectError);
});

test.each(['', 'a\0b', 't'.repeat(MAX_LINK_BYTES + 1)])('a link target that no link can have is refused', (target) => {
  const { name, mode, mtimeSeconds, mtimeNanoseconds } = file;
  const link: TreeEntry = { kind: 'symlink', name, mode, mtimeSeconds, mtimeNanoseconds, target: target as Raw };
  expect(() => decodeTree(encodeTree([link]))).toThrow(ObjectError);
});

test('a tree that is cut anywhere but between entries is refused, and so is every byte behind its end', () => {
  const entries = ['a', 'b', 'c'].map((name) => ({ ...randomEntry(name as Raw), name: name as Raw }));
  const whole = encodeTree(entries);
  const ends = new Set([0, 1, 2, 3].map((count) => encodeTree(entries.slice(0, count)).length));
  for (let length = 0; length < whole.length; length += 1) {
    if (ends.has(length)) continue;
    expect(() => decodeTree(whole.subarray(0, length))).toThrow(ObjectError);
  }
  expect(() => decodeTree(Buffer.concat([whole, Buffer.from([1])]))).toThrow(ObjectError);
});

test('what does not begin as a tree, or has an unknown kind of entry, is refused', () => {
  expect(() => decodeTree(Buffer.from('RST2'))).toThrow(ObjectError);
  expect(() => decodeTree(Buffer.alloc(0))).toThrow(ObjectError);
  for (const kind of [0, 4, 255]) {
    const encoding = Buffer.from(encodeTree([file]));
    encoding[TREE_MAGIC.length] = kind;
    expect(() => decodeTree(encoding)).toThrow(ObjectError);
  }
});

test('random bytes are refused or are the encoding of what was read from them', () => {
  for (let round = 0; round < 3000; round += 1) {
    const entries = [randomEntry('a' as Raw), randomEntry('b' as Raw)];
    const damaged = Buffer.from(encodeTree(entries));
    damaged[random(damaged.length)] = random(256);
    try {
      expect(encodeTree(decodeTree(damaged)).equals(damaged)).toBe(true);
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
    }
  }
});

test.each(['0', '-1', '-1000000001', '1', '999999999', '1000000000', '1700000000123456789', '-2147483648000000001'])(
  'the time %s ns is carried to the nanosecond',
  (text) => {
    const { mtimeNanoseconds } = parseMtimeNs(text);
    expect(mtimeNanoseconds).toBeGreaterThanOrEqual(0);
    expect(mtimeNs(parseMtimeNs(text))).toBe(text);
  },
);
