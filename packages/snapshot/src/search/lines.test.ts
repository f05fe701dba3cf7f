import { compilePattern } from '@rose/contract';
import { expect, test } from 'vitest';
import { matchLines } from './lines.ts';

function hits(text: string | Buffer, pattern: string, order = {}) {
  const compiled = compilePattern({ pattern, literal: false, ignoreCase: false, ...order });
  return [...matchLines(Buffer.from(text as string), compiled)];
}
const lines = (...args: Parameters<typeof hits>) => hits(...args).map(({ line }) => line);

test('each line that matches is one hit, at its first match', () => {
  expect(hits('one\ntwo two\nthree\n', 'tw.')).toEqual([{ line: 2, column: 1, length: 3, text: 'two two', offset: 0 }]);
  expect(lines('a\nb\na', 'a')).toEqual([1, 3]);
});

test('a line ends at LF or CRLF, and neither is part of it', () => {
  expect(hits('one\r\ntwo\r\n', 'e$')).toMatchObject([{ line: 1, text: 'one' }]);
  expect(lines('a\n\nb\n', '^$')).toEqual([2]);
  expect(hits('a\nb', 'a\\sb')).toEqual([]);
  expect(hits('', '^')).toEqual([]);
});

test('a byte order mark is no part of the first line, and bytes outside UTF-8 are no error', () => {
  expect(hits('\ufeffone', '^one')).toMatchObject([{ column: 1 }]);
  expect(hits(Buffer.from('caf\xe9 au lait', 'latin1'), 'lait')).toMatchObject([{ text: 'caf\ufffd au lait' }]);
});

test('of a long line the text around the match is told, and where it begins', () => {
  const [hit] = hits(`${'-'.repeat(2000)}needle${'-'.repeat(2000)}`, 'needle');
  expect(hit).toMatchObject({ column: 2001, length: 6 });
  expect(hit!.text).toHaveLength(500);
  expect(hit!.text.slice(hit!.column - 1 - hit!.offset)).toMatch(/^needle-/);
  const [last] = hits(`${'-'.repeat(2000)}needle`, 'needle');
  expect(last!.text).toMatch(/needle$/);
  expect(last!.text).toHaveLength(500);
});

test.each([0, 5, 15_000, 16_380, 16_384, 100_000, 1_000_000])('a match at %i of a long line is found', (at) => {
  const [hit] = hits(`${'x'.repeat(at)}needle${'x'.repeat(30_000)}\n`, 'n..dle');
  expect(hit!.column).toBe(at + 1);
});

test('a pattern may be plain text, and case may be ignored', () => {
  expect(lines('a.b\naxb\n', 'a.b', { literal: true })).toEqual([1]);
  expect(lines('[^$.*+?()]{}|\\/-', '[^$.*+?()]{}|\\/-', { literal: true })).toEqual([1]);
  expect(lines('É\nE', 'é', { ignoreCase: true })).toEqual([1]);
});

test('a pattern is taken in Unicode mode where it can be, and leniently where it cannot', () => {
  expect(lines('été\n123', '^\\p{L}+$')).toEqual([1]);
  expect(lines('if (a) {\n', '\\) {')).toEqual([1]);
  expect(lines('a-b', 'a\\-b')).toEqual([1]);
});
