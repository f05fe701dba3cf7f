import { expect, test } from 'vitest';
import { PathFilter } from './path-filter.ts';

test.each([
  ['*.ts', 'a.ts', true],
  ['*.ts', 'src/deep/a.ts', true],
  ['*.ts', 'a.tsx', false],
  ['*.{ts,js}', 'src/a.js', true],
  ['.*', 'src/.env', true],
  ['*', '.env', true],
  ['src/*', 'src/a.ts', true],
  ['src/*', 'src/deep/a.ts', false],
  ['src/**', 'src/deep/.hidden/a.ts', true],
  ['**/test/**', 'a/test/b', true],
  ['src/*.ts', 'other/src/a.ts', false],
  ['caf\udce9*', 'caf\udce9 au lait', true],
  ['a[b', 'a[b', true],
])('the glob %j against %j: %j', (glob, path, matches) => {
  expect(new PathFilter([glob], []).includes(path)).toBe(matches);
});

test('what one glob excludes is left out, and a directory with all below it', () => {
  const filter = new PathFilter([], ['node_modules', 'dist/**']);
  for (const path of ['node_modules', 'packages/a/node_modules', 'dist', 'dist/a'])
    expect(filter.excludes(path)).toBe(true);
  for (const path of ['src', 'src/dist', 'node_modules.ts']) expect(filter.excludes(path)).toBe(false);
});

test('without globs everything is looked at', () => {
  const filter = new PathFilter([], []);
  expect(filter.includes('a')).toBe(true);
  expect(filter.excludes('a')).toBe(false);
});
