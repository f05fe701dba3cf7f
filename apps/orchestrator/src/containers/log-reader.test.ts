import { expect, test } from 'vitest';
import { overlap } from './log-reader.ts';

test.each([
  ['', 'abc', 0],
  ['abc', '', 0],
  ['abc', 'abc', 3],
  ['abc', 'abcdef', 3],
  ['xabcab', 'abcabd', 5],
  ['one\ntwo\n', 'two\nthree\n', 4],
  ['aaaa', 'aab', 2],
  ['abab', 'ababab', 4],
  ['longer than what came after', 'after', 5],
  ['abc', 'xyz', 0],
])('of a log that was %j and is %j, %i characters are known', (before, after, known) => {
  expect(overlap(before, after)).toBe(known);
});

test('the longest log there can be is compared in no time', () => {
  const log = 'a'.repeat(64 * 1024);
  expect(overlap(log, `${log.slice(1)}b`)).toBe(log.length - 1);
});
