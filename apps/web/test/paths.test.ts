import { expect, test } from 'vitest';
import { asQuery, foldersAbove, fromQuery, shownName } from '../src/lib/paths.ts';

test('a path survives the address of a page, bytes outside UTF-8 included', () => {
  const paths = ['a', 'src/main.ts', 'ä/日本/🦀', 'a b&c=d?e#f%g+h', 'x\udcff\udc80y', 'é\udcc3', '\udced\udca0\udc80'];
  for (const path of paths) {
    const url = new URL(`http://rose.test/project/1${asQuery(path)}`);
    expect(fromQuery(url.search)).toBe(path);
  }
  expect(asQuery('')).toBe('');
  expect(fromQuery('')).toBe('');
  expect(fromQuery('?other=1&path=a')).toBe('a');
});

test('a name is shown without hiding, turning or breaking anything', () => {
  expect(shownName('plain ünïcode 🦀.txt')).toBe('plain ünïcode 🦀.txt');
  expect(shownName('a\nb\tc\u0000d\u007f')).toBe('a\\nb\\tc\\x00d\\x7f');
  expect(shownName('x\u202ey\u200bz')).toBe('x\\u202ey\\u200bz');
  expect(shownName('byte \udcff')).toBe('byte \\xff');
});

test('the directories above a path come from the root on', () => {
  expect(foldersAbove('a/b/c')).toEqual(['a', 'a/b']);
  expect(foldersAbove('a')).toEqual([]);
});
