import { codeOf } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type Studio } from '../../test/zips.ts';

let studio: Studio;
let first: number;
let second: number;
beforeAll(async () => {
  studio = await openStudio();
  await studio.shell(String.raw`mkdir -p src old; seq 1 100 > src/text; printf 'a\0b' > binary; echo gone > src/gone
    echo the same bytes > old/name; echo run > script; ln -s src link; touch empty; echo untouched > same`);
  first = (await studio.save()).version;
  await studio.shell(String.raw`sed -i 's/^50$/fifty/' src/text; printf 'a\0c' > binary; rm src/gone; mkdir new; mv old/name new/name; rmdir old
    chmod 755 script; ln -sfn new link; mkdir added; echo x > added/file; touch same; printf 'not\xff' > $'n\xffame'`);
  second = (await studio.save()).version;
});
afterAll(() => studio[Symbol.asyncDispose]());

const id = () => ({ projectId: studio.project.id });
const diff = (from: number, to?: number, page: { offset?: number; limit?: number } = {}) =>
  studio.ada.rose.comparisons.diff.query({ ...id(), from, to, ...page });
const fileDiff = (path: string, from: number, to?: number) =>
  studio.ada.rose.comparisons.fileDiff.query({ ...id(), path, from, to });

const expected = [
  { path: 'added', change: 'added', kind: 'directory' },
  { path: 'added/file', change: 'added', kind: 'file', sizeBefore: null, sizeAfter: 2 },
  { path: 'binary', change: 'changed', kind: 'file', sizeBefore: 3, sizeAfter: 3 },
  { path: 'link', change: 'changed', kind: 'symlink' },
  { path: 'new', change: 'added', kind: 'directory' },
  { path: 'new/name', change: 'renamed', from: 'old/name', kind: 'file' },
  { path: 'n\udcffame', change: 'added', kind: 'file' },
  { path: 'old', change: 'removed', kind: 'directory' },
  { path: 'script', change: 'mode', kind: 'file', modeBefore: 0o644, modeAfter: 0o755 },
  { path: 'src/gone', change: 'removed', kind: 'file', sizeBefore: 5, sizeAfter: null },
  { path: 'src/text', change: 'changed', kind: 'file' },
];

describe('a comparison', () => {
  it('of two versions names what was added, removed, changed, renamed and made executable, and needs no container', async () => {
    await studio.ada.rose.containers.stop.mutate(id());
    expect(await diff(first, second)).toMatchObject({ from: first, to: second, changes: expected, next: null });
    expect((await studio.ada.rose.projects.get.query(id())).state).toBe('asleep');
  });

  it('the other way round says the opposite', async () => {
    const { changes } = await diff(second, first);
    const words = new Map(changes.map(({ path, change }) => [path, change]));
    expect([words.get('added'), words.get('src/gone'), words.get('old/name'), words.get('script')]).toEqual([
      'removed',
      'added',
      'renamed',
      'mode',
    ]);
  });

  it('comes in pages', async () => {
    const pages = [await diff(first, second, { limit: 6 })];
    pages.push(await diff(first, second, { limit: 6, offset: pages[0]!.next! }));
    expect(pages.map(({ changes, next, total }) => [changes.length, next, total])).toEqual([
      [6, 6, expected.length],
      [5, null, expected.length],
    ]);
    expect(pages.flatMap(({ changes }) => changes)).toMatchObject(expected);
  });

  it('with the live workspace sees what is not saved', async () => {
    expect((await diff(first)).changes).toMatchObject(expected);
    await studio.shell('echo unsaved > same');
    expect((await diff(second)).changes).toMatchObject([{ path: 'same', change: 'changed' }]);
    expect(await fileDiff('same', second)).toMatchObject({
      kind: 'text',
      hunks: [{ lines: ['-untouched', '+unsaved'] }],
    });
    await studio.shell('echo untouched > same');
    expect((await diff(second)).changes).toEqual([]);
  });

  it('of a version that is not there is NOT_FOUND', async () => {
    expect(await codeOf(diff(first, 999))).toBe('NOT_FOUND');
    expect(await codeOf(diff(999))).toBe('NOT_FOUND');
  });
});

describe('a file', () => {
  it('is compared by lines with some around them', async () => {
    const result = await fileDiff('src/text', first, second);
    expect(result).toEqual({
      kind: 'text',
      hunks: [
        {
          oldStart: 47,
          oldLines: 7,
          newStart: 47,
          newLines: 7,
          lines: [' 47', ' 48', ' 49', '-50', '+fifty', ' 51', ' 52', ' 53'],
        },
      ],
    });
  });

  it('that is not text is compared by size, one that is equal is the same', async () => {
    expect(await fileDiff('binary', first, second)).toEqual({ kind: 'binary', sizeBefore: 3, sizeAfter: 3 });
    expect(await fileDiff('script', first, second)).toEqual({ kind: 'same' });
  });

  it('that only one side has is all added or all removed, and one of neither is NOT_FOUND', async () => {
    expect(await fileDiff('src/gone', first, second)).toMatchObject({ hunks: [{ lines: ['-gone'] }] });
    expect(await fileDiff('added/file', first, second)).toMatchObject({ hunks: [{ lines: ['+x'] }] });
    expect(await codeOf(fileDiff('nowhere', first, second))).toBe('NOT_FOUND');
  });
});

describe('the history of a path', () => {
  const page = (path: string, cursor: { after?: number; limit?: number } = {}) =>
    studio.ada.rose.comparisons.history.query({ ...id(), path, ...cursor });
  const history = async (path: string) => (await page(path)).versions.map(({ version, change }) => [version, change]);

  it('names the versions that changed it, and those in which it came and went', async () => {
    expect(await history('src/text')).toEqual([
      [first, 'added'],
      [second, 'changed'],
    ]);
    expect(await history('src/gone')).toEqual([
      [first, 'added'],
      [second, 'removed'],
    ]);
    expect(await history('same')).toEqual([[first, 'added']]);
    expect(await history('src')).toEqual([
      [first, 'added'],
      [second, 'changed'],
    ]);
    expect(await history('script')).toEqual([
      [first, 'added'],
      [second, 'changed'],
    ]);
    expect(await history('nowhere')).toEqual([]);
  });

  it('comes in pages, each from where the one before ended', async () => {
    const one = await page('src/text', { limit: 1 });
    expect(one).toMatchObject({ versions: [{ version: first, change: 'added' }], next: first });
    const two = await page('src/text', { limit: 1, after: one.next! });
    expect(two.versions).toMatchObject([{ version: second, change: 'changed' }]);
    expect(await page('src/text', { after: second })).toEqual({ versions: [], next: null });
  });
});
