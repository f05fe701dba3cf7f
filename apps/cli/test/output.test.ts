import { expect, test } from 'vitest';
import { escapeName, escapeText } from '../src/output/escape.ts';
import { displayWidth, table } from '../src/output/table.ts';
import { bytesText, countText, modeText } from '../src/output/units.ts';

test.each([
  ['plain name', 'plain name'],
  ['line\nbreak\ttab\rreturn', 'line\\nbreak\\ttab\\rreturn'],
  ['\x1b[31mred\x1b[0m', '\\x1B[31mred\\x1B[0m'],
  ['caf\udce9', 'caf\\xE9'],
  ['\u009b1m', '\\x9B1m'],
  ['a\u202eb\u2066', 'a\\u202Eb\\u2066'],
  ['\u2028', '\\u2028'],
  ['\ud800', '\\uD800'],
  ['naïve 日本 🌹', 'naïve 日本 🌹'],
])('%j can do nothing to a terminal', (text, shown) => {
  expect(escapeText(text)).toBe(shown);
});

test('an escaped name can be told from every other name', () => {
  expect(escapeName('a\nb')).toBe('a\\nb');
  expect(escapeName('a\\nb')).toBe('a\\\\nb');
});

test('columns of a table are aligned by what a terminal shows, without space at line ends', () => {
  const columns = [
    { title: 'N', align: 'right' as const },
    { title: 'NAME' },
    { title: 'SIZE', align: 'right' as const },
    { title: 'X' },
  ];
  const rows = [
    ['1', '日本', '10 B', ''],
    ['12', 'shop', '1.5 MiB', 'y'],
  ];
  expect(table(columns, rows)).toBe([' N  NAME     SIZE  X', ' 1  日本     10 B', '12  shop  1.5 MiB  y'].join('\n'));
});

test('the width of a text counts cells', () => {
  expect(displayWidth('e\u0301')).toBe(1);
  expect(displayWidth('日本')).toBe(4);
  expect(displayWidth('🌹')).toBe(2);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [1024 * 1024 - 1, '1.0 MiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test('counts have one word for one', () => {
  expect([countText(1, 'file'), countText(0, 'file'), countText(25_000, 'entry', 'entries')]).toEqual([
    '1 file',
    '0 files',
    '25,000 entries',
  ]);
});

test.each([
  ['directory', 0o755, 'drwxr-xr-x'],
  ['file', 0o644, '-rw-r--r--'],
  ['symlink', 0o777, 'lrwxrwxrwx'],
  ['file', 0o4755, '-rwsr-xr-x'],
  ['file', 0o6644, '-rwSr-Sr--'],
  ['directory', 0o1777, 'drwxrwxrwt'],
  ['other', 0, '?---------'],
])('a %s with mode %o is shown as %3$s', (kind, mode, text) => {
  expect(modeText(kind, mode)).toBe(text);
});
