import {
  encodeFrame,
  encodeJsonFrame,
  encodeList,
  encodeTree,
  FRAME_HEADER_BYTES,
  idOf,
  SAVE_FRAME,
  type ObjectId,
  type TreeEntry,
} from '@rose/snapshot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  chunkFrame,
  chunkOf,
  directoryEntry,
  endFrame,
  fileEntry,
  honest,
  liarBench,
  listFrame,
  objectFrame,
  treeFrame,
  type Bytes,
  type LiarBench,
} from '../../test/lying-agent.ts';

let bench: LiarBench;
beforeAll(async () => {
  bench = await liarBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

const one = [fileEntry('a', 'one')];
const sent = [chunkFrame('one'), treeFrame(one)];
const unknownId = 'cd'.repeat(32) as ObjectId;
const wrongHash = objectFrame(SAVE_FRAME.chunk, Buffer.from('one'), idOf(Buffer.from('two')));
const unsorted = [fileEntry('b', 'one'), fileEntry('a', 'one')];
const nasty = (name: string): Buffer => treeFrame([fileEntry(name, 'one')]);

/** Ten directories that are the same one, ten levels deep: 10^10 files in ten small trees. */
function bomb(): Buffer[] {
  let entries: TreeEntry[] = Array.from({ length: 10 }, (_, index) => fileEntry(String(index), 'one'));
  const frames = [chunkFrame('one'), treeFrame(entries)];
  for (let level = 0; level < 10; level += 1) {
    const below = entries;
    entries = Array.from({ length: 10 }, (_, index) => directoryEntry(String(index), below));
    frames.push(treeFrame(entries));
  }
  return [...frames, endFrame(entries)];
}

function deep(levels: number): Buffer[] {
  let entries: TreeEntry[] = [];
  const frames = [treeFrame(entries)];
  for (let level = 0; level < levels; level += 1) frames.push(treeFrame((entries = [directoryEntry('d', entries)])));
  return [...frames, endFrame(entries)];
}

async function* forever(make: (index: number) => Buffer): AsyncGenerator<Buffer> {
  for (let index = 0; ; index += 1)
    yield Buffer.concat(Array.from({ length: 500 }, (_, part) => make(index * 500 + part)));
}

const cutTree = Array.from({ length: 9000 }, (_, index) =>
  fileEntry(`${String(index).padStart(6, '0')}${'n'.repeat(100)}`, 'one'),
);
const pieces = [encodeTree(cutTree).subarray(0, 1 << 20), encodeTree(cutTree).subarray(1 << 20)];
const cutList = encodeList(pieces.map((piece) => chunkOf(piece)));

const lies: [what: string, answer: Bytes, code: string][] = [
  ['a wrong hash', [wrongHash, treeFrame(one), endFrame(one)], 'AGENT_LIED'],
  ['a wrong size', [objectFrame(SAVE_FRAME.chunk, Buffer.from('one'), undefined, 4)], 'AGENT_LIED'],
  ['a size over the bound', [objectFrame(SAVE_FRAME.chunk, Buffer.from('one'), undefined, 0xffff_ffff)], 'AGENT_LIED'],
  ['an empty chunk', [chunkFrame(''), ...sent, endFrame(one)], 'AGENT_LIED'],
  ['unsorted names', [chunkFrame('one'), treeFrame(unsorted), endFrame(unsorted)], 'AGENT_LIED'],
  ['a name that climbs out', [chunkFrame('one'), nasty('..'), endFrame([fileEntry('..', 'one')])], 'AGENT_LIED'],
  ['a name with a slash', [chunkFrame('one'), nasty('a/b'), endFrame([fileEntry('a/b', 'one')])], 'AGENT_LIED'],
  ['a name with a NUL', [chunkFrame('one'), nasty('a\0'), endFrame([fileEntry('a\0', 'one')])], 'AGENT_LIED'],
  ['a tree that is none', [objectFrame(SAVE_FRAME.tree, Buffer.from('RST1x')), endFrame(unknownId)], 'AGENT_LIED'],
  ['a list that is none', [objectFrame(SAVE_FRAME.list, Buffer.from('RSL1x')), ...sent, endFrame(one)], 'AGENT_LIED'],
  ['ten-fold trees ten deep', bomb(), 'LIMIT_EXCEEDED'],
  ['directories 1,200 deep', deep(1200), 'LIMIT_EXCEEDED'],
  ['a missing chunk', [treeFrame(one), endFrame(one)], 'AGENT_LIED'],
  [
    'a missing list',
    [
      treeFrame([fileEntry('a', 'one', { content: { list: unknownId } })]),
      endFrame([fileEntry('a', 'one', { content: { list: unknownId } })]),
    ],
    'AGENT_LIED',
  ],
  [
    'a missing directory',
    [treeFrame([directoryEntry('d', unknownId)]), endFrame([directoryEntry('d', unknownId)])],
    'AGENT_LIED',
  ],
  ['a missing root', [...sent, endFrame(unknownId)], 'AGENT_LIED'],
  ['a root that is a file', [...sent, endFrame(chunkOf('one').id)], 'AGENT_LIED'],
  ['a root that is no id', [...sent, endFrame('../../etc' as ObjectId)], 'AGENT_LIED'],
  [
    'a chunk in the place of a directory',
    [
      chunkFrame(encodeTree(one)),
      ...sent.slice(0, 1),
      treeFrame([directoryEntry('d', one)]),
      endFrame([directoryEntry('d', one)]),
    ],
    'AGENT_LIED',
  ],
  [
    'a list of another size than its file',
    [
      chunkFrame('one'),
      listFrame([chunkOf('one')]),
      treeFrame([fileEntry('a', 'one', { size: 9, content: { list: idOf(encodeList([chunkOf('one')])) } })]),
    ],
    'AGENT_LIED',
  ],
  [
    'pieces of a large directory that were not sent',
    [chunkFrame(pieces[0]!), chunkFrame('one'), objectFrame(SAVE_FRAME.treeList, cutList), endFrame(idOf(cutList))],
    'AGENT_LIED',
  ],
  [
    'a large directory that is none',
    [chunkFrame('nonsense'), objectFrame(SAVE_FRAME.treeList, encodeList([chunkOf('nonsense')]))],
    'AGENT_LIED',
  ],
  ['a frame of an unknown type', [encodeFrame(99, Buffer.alloc(40))], 'AGENT_LIED'],
  ['a frame that is too short', [encodeFrame(SAVE_FRAME.chunk, Buffer.alloc(10))], 'AGENT_LIED'],
  ['a frame of 4 GiB', [Buffer.from([1, 255, 255, 255, 255])], 'AGENT_LIED'],
  ['bytes that are no frames', [Buffer.from('HTTP/1.1 200 OK\r\n\r\nhello, this is no save at all')], 'AGENT_LIED'],
  ['progress that is no JSON', [encodeFrame(SAVE_FRAME.progress, Buffer.from('{'))], 'AGENT_LIED'],
  [
    'progress that counts backwards from nothing',
    [encodeJsonFrame(SAVE_FRAME.progress, { files: -1, bytes: 0 })],
    'AGENT_LIED',
  ],
  ['a summary without a root', [...sent, encodeJsonFrame(SAVE_FRAME.end, {})], 'AGENT_LIED'],
  ['a summary with a time that is none', [...sent, endFrame(one, { rootMtimeNs: '1e9' })], 'AGENT_LIED'],
  [
    'a summary with a time that no column holds',
    [...sent, endFrame(one, { rootMtimeNs: '9999999999999999999' })],
    'AGENT_LIED',
  ],
  [
    'a summary that names a million paths',
    [...sent, endFrame(one, { changed: Array.from({ length: 100_000 }, () => 'p') })],
    'AGENT_LIED',
  ],
  ['a summary with a NUL in a path', [...sent, endFrame(one, { changed: ['a\0b'] })], 'AGENT_LIED'],
  [
    'a summary with half a character in a path',
    [...sent, endFrame(one, { skipped: [{ path: 'a\ud800', reason: 'x' }] })],
    'AGENT_LIED',
  ],
  ['a reason with a NUL', [...sent, endFrame(one, { skipped: [{ path: 'a', reason: '\0' }] })], 'AGENT_LIED'],
  ['nothing at all', [], 'AGENT_UNAVAILABLE'],
  ['everything but the summary', sent, 'AGENT_UNAVAILABLE'],
  ['a frame that is cut', [sent[0]!.subarray(0, FRAME_HEADER_BYTES + 7)], 'AGENT_LIED'],
  ['an error without a word', [encodeJsonFrame(SAVE_FRAME.error, { code: 'nonsense' })], 'AGENT_LIED'],
  [
    'a failure of its own',
    [encodeJsonFrame(SAVE_FRAME.error, { code: 'BUSY', message: 'Busy.', details: {} })],
    'BUSY',
  ],
];

it.each(lies)('a save with %s makes no version, and the next save works', async (_what, answer, code) => {
  expect(await bench.refused(bench.project, answer)).toBe(code);
  const { result } = await bench.save(bench.project, honest({ a: `after ${code}` }));
  expect(result.files).toBe(1);
});

it('names that JSON escapes are kept as they are in what a version skipped', async () => {
  const skipped = [{ path: 'raw \udcff byte', reason: 'unreadable: EACCES' }];
  const { result } = await bench.save(bench.project, [...sent, endFrame(one, { skipped })]);
  expect(result.skipped).toEqual(skipped);
});

describe('a save that never ends', () => {
  it('is refused for the reports that it makes', async () => {
    const report = encodeJsonFrame(SAVE_FRAME.progress, { files: 1, bytes: 1 });
    expect(
      await bench.refused(
        bench.project,
        forever(() => report),
      ),
    ).toBe('LIMIT_EXCEEDED');
  });

  it('is refused for the objects that it sends, the same or always others', async () => {
    await using strict = await liarBench({ entries: 10, bytes: 10_000, depth: 10 });
    const same = chunkFrame('same');
    expect(
      await strict.refused(
        strict.project,
        forever(() => same),
      ),
    ).toBe('LIMIT_EXCEEDED');
    expect(
      await strict.refused(
        strict.project,
        forever((index) => chunkFrame(`object ${index}`)),
      ),
    ).toBe('LIMIT_EXCEEDED');
    const { result } = await strict.save(strict.project, honest({ a: 'one', b: 'two' }));
    expect(result).toMatchObject({ version: 1, files: 2, logicalBytes: 6 });
  });

  it('is over as soon as the caller leaves', async () => {
    const leave = new AbortController();
    const answer = (async function* () {
      yield chunkFrame('one');
      leave.abort();
      for (;;) {
        yield encodeJsonFrame(SAVE_FRAME.progress, { files: 1, bytes: 1 });
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    expect(await bench.refused(bench.project, answer, leave.signal)).toBe('CANCELLED');
  });
});

it('workspaces over the limits are refused by entries, bytes and depth', async () => {
  await using strict = await liarBench({ entries: 3, bytes: 10, depth: 2 });
  const files = [1, 2, 3, 4].map((index) => fileEntry(String(index), 'x'));
  expect(await strict.refused(strict.project, [chunkFrame('x'), treeFrame(files), endFrame(files)])).toBe(
    'LIMIT_EXCEEDED',
  );
  expect(await strict.refused(strict.project, honest({ a: '12345678901' }))).toBe('LIMIT_EXCEEDED');
  expect(await strict.refused(strict.project, deep(2))).toBe('LIMIT_EXCEEDED');
  expect((await strict.save(strict.project, deep(1))).result.version).toBe(1);
});
