import { execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Raw } from '../../src/index.ts';
import { pack, ZipWriter, type ZipTotals } from '../../src/zip/index.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'rose-zip-writer-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const hasInfoZip = spawnSync('unzip', ['-v']).error === undefined;
const never = new AbortController().signal;
const PLAIN = { mode: 0o644, mtimeSeconds: 1_600_000_001 };
const SMALL: ZipTotals = { entries: 1, bytes: 1 };

/** @returns the path of what `write` made */
async function zipped(
  name: string,
  write: (zip: ZipWriter) => Promise<void>,
  totals: ZipTotals = SMALL,
): Promise<string> {
  const file = path.join(directory, name);
  const zip = new ZipWriter(createWriteStream(file), totals, never);
  await write(zip);
  await zip.finish();
  return file;
}

function entriesOf(file: string): string[] {
  execFileSync('unzip', ['-tqq', file]);
  return execFileSync('unzip', ['-Z1', file], { encoding: 'utf8', maxBuffer: 2 ** 28 })
    .split('\n')
    .filter(Boolean);
}

test('sizes and sum of a small file stand before it, for readers that only read forwards', async () => {
  const content = await pack(Buffer.from('content '.repeat(100)), true);
  const zip = await readFile(await zipped('forwards.zip', (writer) => writer.file('name' as Raw, content, PLAIN)));
  expect(zip.readUInt16LE(6) & 0x8).toBe(0);
  expect(zip.readUInt32LE(14)).toBe(content.sum);
  expect(zip.readUInt32LE(18)).toBe(content.data.length);
  expect(zip.readUInt32LE(22)).toBe(800);
});

test('content that deflate makes no smaller is stored', async () => {
  expect(await pack(Buffer.from('abc'), true)).toMatchObject({ method: 'stored', size: 3 });
  expect(await pack(Buffer.alloc(0), true)).toMatchObject({ method: 'stored', size: 0, sum: 0 });
  expect(await pack(Buffer.alloc(100_000), true)).toMatchObject({ method: 'deflate', size: 100_000 });
  expect(await pack(Buffer.alloc(100_000), false)).toMatchObject({ method: 'stored' });
});

test.skipIf(!hasInfoZip).each([65_534, 65_535, 65_536])(
  'a zip of %i entries names them all (needs unzip)',
  async (entries) => {
    const empty = await pack(Buffer.alloc(0), false);
    const write = async (zip: ZipWriter): Promise<void> => {
      for (let index = 0; index < entries; index += 1) await zip.file(`d/${index}` as Raw, empty, PLAIN);
    };
    const names = entriesOf(await zipped(`${entries}.zip`, write, { entries, bytes: 0 }));
    expect(names.length).toBe(entries);
    expect(names.at(-1)).toBe(`d/${entries - 1}`);
  },
);

test.skipIf(!hasInfoZip)('an entry with 64-bit sizes is read like any other (needs unzip)', async () => {
  const size = 5 * 1024 ** 3;
  const write = async (zip: ZipWriter): Promise<void> => {
    await zip.file('first' as Raw, await pack(Buffer.from('first'), true), PLAIN);
    // Said to be large, so that it is written as such.
    await zip.stream('large' as Raw, size, chunks(['content ', 'of it']), true, PLAIN);
    await zip.stream('noise' as Raw, size, chunks(['more ', 'of it']), false, PLAIN);
    await zip.file('last' as Raw, await pack(Buffer.from('last'), true), PLAIN);
  };
  const file = await zipped('large.zip', write, { entries: 4, bytes: size });
  expect(entriesOf(file)).toEqual(['first', 'large', 'noise', 'last']);
  for (const [name, content] of [
    ['large', 'content of it'],
    ['noise', 'more of it'],
    ['last', 'last'],
  ] as const) {
    expect(execFileSync('unzip', ['-p', file, name], { encoding: 'utf8' })).toBe(content);
  }
});

test('times before 1901 and after 2038 hurt nobody', async () => {
  const content = await pack(Buffer.from('x'), false);
  for (const mtimeSeconds of [-(2 ** 40), -(2 ** 31), 2 ** 31, 2 ** 40, 2 ** 52]) {
    const file = await zipped('times.zip', (zip) => zip.file('f' as Raw, content, { mode: 0o644, mtimeSeconds }));
    expect((await readFile(file)).length).toBeGreaterThan(100);
  }
});

test('a source that fails ends the zip with its error', async () => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from('half');
    throw new Error('the disk is gone');
  }
  const zip = new ZipWriter(new PassThrough().resume(), SMALL, never);
  await expect(zip.stream('f' as Raw, 1000, broken(), true, PLAIN)).rejects.toThrow('the disk is gone');
  zip.abort();
});

test('a zip that nobody reads stands still, and ends when it is cancelled', async () => {
  const leave = new AbortController();
  let taken = 0;
  const stuck = new Writable({ write: (chunk: Buffer) => void (taken += chunk.length), highWaterMark: 1024 });
  const zip = new ZipWriter(stuck, SMALL, leave.signal);
  let read = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      read += 65_536;
      if (read > 64 * 1024 * 1024) throw new Error('more was read than is held');
      yield Buffer.alloc(65_536, Math.random().toString());
    }
  }
  const writing = zip.stream('f' as Raw, 2 ** 40, endless(), false, PLAIN);
  setTimeout(() => leave.abort(new Error('left')), 300);
  await expect(writing).rejects.toThrow();
  zip.abort();
  expect(taken).toBeLessThan(1024 * 1024);
});

async function* chunks(texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}
