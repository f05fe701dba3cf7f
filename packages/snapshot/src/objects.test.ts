import zlib from 'node:zlib';
import { expect, test } from 'vitest';
import { randomBytes, randomOf } from '../test/random.ts';
import { MAX_OBJECT_BYTES } from './limits.ts';
import { compress, decompress, idOf, ObjectError, openObject, parseObjectId, release } from './objects.ts';

const random = randomOf(7);
const plain = Buffer.from('the same words again and again, the same words again and again');
const stored = compress(plain);
const {
  ZSTD_c_windowLog: WINDOW_LOG,
  ZSTD_c_checksumFlag: CHECKSUM,
  ZSTD_c_contentSizeFlag: CONTENT_SIZE,
} = zlib.constants;

test.each([0, 1, 255, 256, 65_791, 65_792, 1_000_000, MAX_OBJECT_BYTES])('an object of %i bytes comes back', (size) => {
  const bytes = size > 100_000 ? Buffer.alloc(size, 'abc') : randomBytes(random, size);
  expect(openObject(idOf(bytes), compress(bytes), size).equals(bytes)).toBe(true);
});

test('an object that does not match its hash is refused', () => {
  expect(() => openObject(idOf(Buffer.from('other')), stored, plain.length)).toThrow(ObjectError);
});

test.each([
  ['one byte too few', plain.length - 1],
  ['one byte too many', plain.length + 1],
  ['nothing', 0],
  ['a negative number', -1],
  ['a fraction', 1.5],
  ['more than an object may have', MAX_OBJECT_BYTES + 1],
])('a declared size that is %s is refused', (_what, size) => {
  expect(() => decompress(stored, size)).toThrow(ObjectError);
});

const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]);
const dictionary = Buffer.from(stored);
dictionary[4]! |= 1;
const reserved = Buffer.from(stored);
reserved[4]! |= 0b1000;

test.each<[string, Uint8Array]>([
  ['two frames', Buffer.concat([stored, compress(Buffer.from('x'))])],
  ['an empty second frame', Buffer.concat([stored, compress(Buffer.alloc(0))])],
  ['a skippable frame before it', Buffer.concat([skippable, stored])],
  ['a skippable frame behind it', Buffer.concat([stored, skippable])],
  ['a byte behind it', Buffer.concat([stored, Buffer.from([0])])],
  ['a dictionary', dictionary],
  ['a reserved bit', reserved],
  ['its last byte cut', stored.subarray(0, -1)],
  ['nothing but its magic', stored.subarray(0, 4)],
  ['no byte at all', Buffer.alloc(0)],
  ['deflate instead of zstd', zlib.deflateSync(plain)],
])('an object with %s is refused', (_what, bytes) => {
  expect(() => decompress(bytes, plain.length)).toThrow(ObjectError);
});

test('an object that is cut anywhere is refused', () => {
  for (let length = 0; length < stored.length; length += 1) {
    expect(() => decompress(stored.subarray(0, length), plain.length)).toThrow(ObjectError);
  }
});

test('a frame whose sum is checked is read, and refused when the sum is cut or wrong', () => {
  const summed = zlib.zstdCompressSync(plain, { params: { [CHECKSUM]: 1 } });
  expect(decompress(summed, plain.length).equals(plain)).toBe(true);
  expect(() => decompress(summed.subarray(0, -1), plain.length)).toThrow(ObjectError);
  const wrong = Buffer.from(summed);
  wrong[wrong.length - 1]! ^= 1;
  expect(() => decompress(wrong, plain.length)).toThrow(ObjectError);
});

/** A frame by hand (RFC 8878): descriptor, then whatever follows it, then one block of repeated bytes. */
function frame(descriptor: number, header: number[], repeated: number): Buffer {
  const block = (repeated << 3) | 0b011;
  return Buffer.from([
    0x28,
    0xb5,
    0x2f,
    0xfd,
    descriptor,
    ...header,
    block & 0xff,
    (block >> 8) & 0xff,
    block >> 16,
    0x41,
  ]);
}

test('a frame that wants a window of more than 8 MiB is refused before it is given any memory', () => {
  const windowOf = (log: number): number => (log - 10) << 3;
  expect(decompress(frame(0, [windowOf(23)], 9), 9).toString()).toBe('AAAAAAAAA');
  for (const log of [24, 27, 31, 41]) expect(() => decompress(frame(0, [windowOf(log)], 9), 9)).toThrow(ObjectError);
});

test('a frame of a single segment that says another size than was declared is refused', () => {
  expect(decompress(frame(0b100000, [9], 9), 9).toString()).toBe('AAAAAAAAA');
  expect(() => decompress(frame(0b100000, [10], 9), 9)).toThrow(ObjectError);
  const huge = [0, 0, 0, 0, 0, 0, 0, 0x40];
  expect(() => decompress(frame(0b11100000, huge, 9), 9)).toThrow(ObjectError);
});

test('a bomb is stopped at the declared size', () => {
  const bomb = zlib.zstdCompressSync(Buffer.alloc(64 * 1024 * 1024), {
    params: { [CONTENT_SIZE]: 0, [WINDOW_LOG]: 20 },
  });
  expect(bomb.length).toBeLessThan(20_000);
  const before = process.memoryUsage().arrayBuffers;
  expect(() => decompress(bomb, 1000)).toThrow(ObjectError);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
});

test('one flipped bit anywhere in an object is found', () => {
  const bytes = randomBytes(random, 300);
  const id = idOf(bytes);
  const good = compress(bytes);
  for (let bit = 0; bit < good.length * 8; bit += 1) {
    const bad = Buffer.from(good);
    bad[bit >> 3]! ^= 1 << (bit & 7);
    let result: Buffer | null = null;
    try {
      result = openObject(id, bad, 300);
    } catch (error) {
      expect(error).toBeInstanceOf(ObjectError);
    }
    // A bit that the format does not look at changes nothing.
    if (result !== null) expect(result.equals(bytes)).toBe(true);
  }
});

test.each(['', 'ab', 'A'.repeat(64), 'g'.repeat(64), `${'a'.repeat(64)}\n`, `0x${'a'.repeat(62)}`])(
  '%j is no object id',
  (text) => {
    expect(() => parseObjectId(text)).toThrow(ObjectError);
  },
);

test('memory that is given back is gone at once, and Node’s pool stays whole', () => {
  const own = compress(randomBytes(random, 100_000));
  release(own);
  expect(own.length).toBe(0);
  const pooled = Buffer.from('a few bytes');
  release(pooled);
  expect(pooled.toString()).toBe('a few bytes');
});
