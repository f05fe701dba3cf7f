import { expect, test } from 'vitest';
import { randomBytes, randomOf } from '../test/random.ts';
import { compareNames, decodeName, encodeName, hasRawBytes } from './names.ts';
import { fromText, rawFromBytes, toText } from './raw.ts';

const random = randomOf(99);

function expectRoundTrip(bytes: Buffer): void {
  const text = decodeName(bytes);
  expect(encodeName(text).equals(bytes)).toBe(true);
  expect(encodeName(JSON.parse(JSON.stringify(text)) as string).equals(bytes)).toBe(true);
  const raw = rawFromBytes(bytes);
  expect(fromText(toText(raw))).toBe(raw);
}

test('any bytes survive as a name, through JSON too', () => {
  for (let round = 0; round < 5000; round += 1) expectRoundTrip(randomBytes(random, 1 + random(12)));
});

test('bytes that are nearly UTF-8 survive', () => {
  const valid = Buffer.from('aé€😀');
  for (let round = 0; round < 5000; round += 1) {
    const bytes = Buffer.from(valid);
    bytes[random(bytes.length)] = random(256);
    expectRoundTrip(bytes.subarray(random(3), bytes.length - random(3)));
  }
});

test.each([
  ['an overlong slash', [0xc0, 0xaf]],
  ['an overlong slash of three bytes', [0xe0, 0x80, 0xaf]],
  ['an overlong NUL', [0xc0, 0x80]],
  ['an encoded surrogate', [0xed, 0xa0, 0x80]],
  ['an encoded pair of surrogates', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ['the encoding of an escaped byte', [0xed, 0xb2, 0x80]],
  ['a code point beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ['a sequence that ends early', [0xe2, 0x82]],
  ['continuation bytes alone', [0x80, 0xbf]],
])('%s stays the bytes it is: no other name looks like it', (_what, bytes) => {
  expectRoundTrip(Buffer.from(bytes));
  expect(hasRawBytes(decodeName(Buffer.from(bytes)))).toBe(true);
  expect(decodeName(Buffer.from(bytes))).not.toMatch(/[/\0]/);
});

test('ordinary names are ordinary text', () => {
  for (const name of ['a', 'ä', '日本語', '😀', '\ufeffmark', 'e\u0301', '\u00e9', 'a\nb']) {
    expect(decodeName(Buffer.from(name))).toBe(name);
    expect(hasRawBytes(name)).toBe(false);
  }
});

test.each(['\ud800', 'a\udc7f', '\udd00', '\udc00'])('%j stands for no bytes and is refused', (text) => {
  expect(() => encodeName(text)).toThrow(RangeError);
});

test('names are ordered by their bytes', () => {
  const bytes = Array.from({ length: 500 }, () => randomBytes(random, 1 + random(6)));
  const byText = bytes.map(decodeName).toSorted(compareNames).map(encodeName);
  expect(Buffer.concat(byText).equals(Buffer.concat(bytes.toSorted((a, b) => Buffer.compare(a, b))))).toBe(true);
});
