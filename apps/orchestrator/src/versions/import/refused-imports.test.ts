import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  describeWorkspace,
  forged,
  openStudio,
  zipOf,
  type Studio,
  type Zip,
  type ZipContent,
} from '../../../test/zips.ts';

let studio: Studio;
let before: string[];
beforeAll(async () => {
  studio = await openStudio();
  await studio.shell('mkdir d; echo mine > d/mine; echo unsaved > unsaved');
  before = await describeWorkspace(studio);
});
afterAll(() => studio[Symbol.asyncDispose]());

/** Nothing came of an import: no version, nothing staged, the workspace as it was; and the next deed runs. */
async function expectNothing(): Promise<void> {
  const { ada, project } = studio;
  await vi.waitFor(async () => expect(await studio.staged()).toBe(''), { timeout: 10_000, interval: 50 });
  expect(await ada.rose.versions.list.query({ projectId: project.id })).toEqual([]);
  expect(await describeWorkspace(studio)).toEqual(before);
  expect((await ada.rose.versions.status.query({ projectId: project.id })).base).toBeNull();
}

async function expectRefused(zip: Zip, problem: RegExp, name?: string): Promise<void> {
  await expect(studio.ada.rose.importZip(studio.project.id, zip)).rejects.toMatchObject({
    code: 'ARCHIVE_REFUSED',
    status: 400,
    message: expect.stringMatching(problem),
    details: name === undefined ? {} : { path: name },
  });
  await expectNothing();
}

const links: [content: ZipContent, problem: RegExp, name: string][] = [
  [{ l: { link: '/etc/passwd' } }, /absolute/, 'l'],
  [{ l: { link: '../outside' } }, /leads out/, 'l'],
  [{ 'a/root': { link: '..' }, 'a/l': { link: 'root/../x' } }, /leads out/, 'a/l'],
];
test.each(links)('a zip with links that leave it is refused: %j', async (content, problem, name) => {
  await expectRefused(await zipOf({ good: 'good', ...content }), problem, name);
});

const names: [text: string, by: string, problem: RegExp][] = [
  ['xx/evil', '../evil', /component/],
  ['xx/evil', '/x/evil', /absolute/],
  ['xx/evil', 'x\\xevil', /backslash/],
  ['xx/evil', 'C:/evil', /drive letter/],
  ['xx/evil', 'xx\0evil', /NUL/],
  ['xx/evil', 'xx/good', /twice/],
];
test.each(names)('a zip with the name %j changed to %j is refused', async (text, by, problem) => {
  await expectRefused(forged(await zipOf({ 'xx/good': 'good', [text]: 'evil' }), text, by), problem, by);
});

test('a path that is both a file and a directory is refused', async () => {
  await expectRefused(forged(await zipOf({ a: 'x', 'b/c': 'y' }), 'b/c', 'a/c'), /both a file and a directory/, 'a');
});

test('damaged content is refused', async () => {
  const zip = await zipOf({ good: 'good', 'bad one': randomBytes(5000) });
  zip[zip.indexOf('bad one') + 2000]! ^= 1;
  await expectRefused(zip, /checksum/, 'bad one');
});

test('encrypted entries and unknown methods are refused', async () => {
  const zip = await zipOf({ secret: 'secret '.repeat(100) });
  const flags = zip.indexOf('PK\x01\x02') + 8;
  const encrypted = Buffer.from(zip);
  encrypted[flags]! |= 1;
  await expectRefused(encrypted, /encrypted/, 'secret');
  const method = Buffer.from(zip);
  method.writeUInt16LE(14, flags + 2);
  await expectRefused(method, /method 14/, 'secret');
});

test('a bomb is refused before it is unpacked', async () => {
  const bomb = await zipOf({ zeros: Buffer.alloc(64 * 1024 * 1024) });
  expect(bomb.length).toBeLessThan(1024 * 1024);
  await expectRefused(bomb, /ratio/);
});

test('what is no zip at all is refused', async () => {
  await expectRefused(Buffer.alloc(0), /cannot be read/);
  await expectRefused(Buffer.from('no zip'), /cannot be read/);
  await expectRefused((await zipOf({ f: 'cut' })).subarray(0, -1), /cannot be read/);
});

test('a caller who leaves in the middle leaves nothing behind', async () => {
  const leave = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (let sent = 0; ; sent += 1) {
      if (sent === 64) setTimeout(() => leave.abort(), 100);
      yield randomBytes(64 * 1024);
    }
  }
  const upload = studio.ada.rose.importZip(studio.project.id, endless(), { signal: leave.signal });
  await expect(upload).rejects.toMatchObject({ code: 'CANCELLED' });
  await expectNothing();
});

test('what an agent had staged when it ended is gone when the next one starts', async () => {
  const { ada, project } = studio;
  await studio.shell('mkdir -p "$HOME/.rose/archive/left/tree" && echo half > "$HOME/.rose/archive/left/tree/f"');
  expect(await studio.staged()).not.toBe('');
  await ada.rose.containers.stop.mutate({ projectId: project.id });
  expect(await studio.staged()).toBe('');
});
