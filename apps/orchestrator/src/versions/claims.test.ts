import {
  encodeList,
  encodeTree,
  idOf,
  SAVE_FRAME,
  type FileEntry,
  type ObjectId,
  type TreeEntry,
} from '@rose/snapshot';
import { failureOf } from '@rose/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
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
  type LiarBench,
} from '../../test/lying-agent.ts';

let bench: LiarBench;
beforeEach(async () => {
  bench = await liarBench();
});
afterEach(() => bench[Symbol.asyncDispose]());

const secret = [fileEntry('plan', 'the secret')];
const claimOf = (entries: TreeEntry[]) => [treeFrame(entries), endFrame(entries)];

/** A version of `d/…`, and everything that may be referred to from it. */
async function saveDirectory(files: Record<string, string>): Promise<TreeEntry[]> {
  const inside = Object.entries(files).map(([name, content]) => fileEntry(name, content));
  const root = [directoryEntry('d', inside)];
  await bench.save(bench.project, [
    ...Object.values(files).map(chunkFrame),
    treeFrame(inside),
    treeFrame(root),
    endFrame(root),
  ]);
  return inside;
}

it('a file of the base may be referred to from anywhere: it was moved or copied', async () => {
  await bench.save(bench.project, honest({ a: 'one', b: 'two' }));
  const moved = [fileEntry('b', 'one'), fileEntry('c', 'two')];
  const { result } = await bench.save(bench.project, claimOf(moved));
  expect(result).toMatchObject({ version: 2, files: 2 });
});

it('a directory of the base may be referred to from anywhere', async () => {
  const inside = await saveDirectory({ x: 'one', y: 'two' });
  const moved = [directoryEntry('copy', inside), directoryEntry('moved', inside)];
  const { result } = await bench.save(bench.project, claimOf(moved));
  expect(result).toMatchObject({ version: 2, files: 4, logicalBytes: 12 });
});

it('a part of a directory of the base may become the whole', async () => {
  const inside = await saveDirectory({ x: 'one' });
  const { result } = await bench.save(bench.project, [endFrame(inside)]);
  expect(result).toMatchObject({ version: 2, files: 1 });
});

it.each(['a chunk', 'a directory', 'the root'])(
  '%s of an older version that is not in the base is refused',
  async (what) => {
    const inside = await saveDirectory({ x: 'one' });
    await bench.save(bench.project, honest({ other: 'two' }));
    const claims = {
      'a chunk': claimOf([fileEntry('a', 'one')]),
      'a directory': claimOf([directoryEntry('d', inside)]),
      'the root': [endFrame(inside)],
    };
    expect(await bench.refused(bench.project, claims[what as keyof typeof claims])).toBe('AGENT_LIED');
  },
);

it('what another project of the owner holds is refused in the very words in which what nobody holds is', async () => {
  await bench.save(bench.sibling, [chunkFrame('the secret'), treeFrame(secret), endFrame(secret)]);
  await bench.save(bench.stranger, honest({ theirs: 'of the stranger' }));
  await bench.save(bench.project, honest({ a: 'one' }));
  const nobodys = 'ab'.repeat(32) as ObjectId;
  const long = encodeList([chunkOf('the secret')]);
  const claims = [
    [endFrame(secret)],
    claimOf([directoryEntry('d', secret)]),
    claimOf([fileEntry('f', 'the secret')]),
    claimOf([fileEntry('f', 'of the stranger')]),
    [listFrame([chunkOf('the secret')]), ...claimOf([fileEntry('f', 'the secret', { content: { list: idOf(long) } })])],
    [objectFrame(SAVE_FRAME.treeList, encodeList([chunkOf('the secret')]))],
    [
      objectFrame(SAVE_FRAME.treeList, encodeList([chunkOf(encodeTree(secret))])),
      endFrame(idOf(encodeList([chunkOf(encodeTree(secret))]))),
    ],
    [objectFrame(SAVE_FRAME.treeList, encodeList([{ id: nobodys, size: 10 }]))],
    claimOf([fileEntry('f', 'nobody wrote this')]),
    claimOf([directoryEntry('d', nobodys)]),
    [endFrame(nobodys)],
  ];
  const told = new Set<string>();
  for (const claim of claims) {
    expect(await bench.refused(bench.project, claim)).toBe('AGENT_LIED');
    told.add((await failureOf(bench.save(bench.project, claim))).message);
  }
  expect([...told]).toHaveLength(1);
});

it('what a refused save sent is still not what a later save may refer to', async () => {
  const hidden = [fileEntry('stolen', 'the secret')];
  await bench.save(bench.sibling, [chunkFrame('the secret'), treeFrame(secret), endFrame(secret)]);
  await bench.save(bench.project, honest({ a: 'one' }));
  expect(await bench.refused(bench.project, claimOf(hidden))).toBe('AGENT_LIED');
  expect(await bench.refused(bench.project, [endFrame(hidden)])).toBe('AGENT_LIED');
  expect(await bench.refused(bench.project, claimOf([directoryEntry('d', hidden)]))).toBe('AGENT_LIED');
});

it('a file that holds the bytes of a tree makes no tree of it', async () => {
  const hidden = [fileEntry('stolen', 'the secret')];
  await bench.save(bench.sibling, [chunkFrame('the secret'), treeFrame(secret), endFrame(secret)]);
  // The tree is known to the store from a save that was refused; then a version holds the same bytes as a file.
  expect(await bench.refused(bench.project, claimOf(hidden))).toBe('AGENT_LIED');
  const disguise = [fileEntry('innocent', encodeTree(hidden))];
  await bench.save(bench.project, [chunkFrame(encodeTree(hidden)), treeFrame(disguise), endFrame(disguise)]);
  expect(await bench.refused(bench.project, claimOf([directoryEntry('d', hidden)]))).toBe('AGENT_LIED');
  expect(await bench.refused(bench.project, [endFrame(hidden)])).toBe('AGENT_LIED');
});

it('a list of the base keeps the size that it has there', async () => {
  const list = encodeList([chunkOf('one'), chunkOf('two')]);
  const long = (size: number): FileEntry => fileEntry('long', '', { size, content: { list: idOf(list) } });
  const frames = [chunkFrame('one'), chunkFrame('two'), listFrame([chunkOf('one'), chunkOf('two')])];
  await bench.save(bench.project, [...frames, ...claimOf([long(6)])]);
  expect(await bench.refused(bench.project, claimOf([long(7)]))).toBe('AGENT_LIED');
  expect(await bench.refused(bench.project, claimOf([{ ...long(7), name: 'moved' as never }]))).toBe('AGENT_LIED');
  expect((await bench.save(bench.project, claimOf([{ ...long(6), name: 'moved' as never }]))).result.version).toBe(2);
});

it('children that come behind their parents are held to their sizes too', async () => {
  const list = encodeList([chunkOf('one')]);
  const wrong = [fileEntry('long', '', { size: 9, content: { list: idOf(list) } })];
  expect(
    await bench.refused(bench.project, [
      treeFrame(wrong),
      chunkFrame('one'),
      listFrame([chunkOf('one')]),
      endFrame(wrong),
    ]),
  ).toBe('AGENT_LIED');
  const cut = [
    fileEntry('f', '', {
      size: 5,
      content: {
        chunks: [
          { ...chunkOf('one'), size: 4 },
          { id: chunkOf('x').id, size: 1 },
        ],
      },
    }),
  ];
  expect(await bench.refused(bench.project, [treeFrame(cut), chunkFrame('one'), chunkFrame('x'), endFrame(cut)])).toBe(
    'AGENT_LIED',
  );
});

it('a scan is believed no more than a save', async () => {
  await bench.save(bench.sibling, [chunkFrame('the secret'), treeFrame(secret), endFrame(secret)]);
  await bench.save(bench.project, honest({ a: 'one' }));
  const failure = await failureOf(bench.scan(bench.project, [endFrame(secret)]));
  expect(failure.code).toBe('AGENT_LIED');
  expect((await failureOf(bench.scan(bench.project, claimOf([directoryEntry('d', secret)])))).code).toBe('AGENT_LIED');
  const changed = [fileEntry('a', 'not sent, as it is in scans')];
  expect((await bench.scan(bench.project, claimOf(changed))).root).toBe(idOf(encodeTree(changed)));
});

it('the same bytes may come as a file and as a directory, in either order', async () => {
  const inside = [fileEntry('x', 'one')];
  const root = [directoryEntry('d', inside), fileEntry('f', encodeTree(inside))];
  const bytes = chunkFrame(encodeTree(inside));
  await bench.save(bench.project, [chunkFrame('one'), bytes, treeFrame(inside), ...claimOf(root)]);
  await bench.save(bench.sibling, [chunkFrame('one'), treeFrame(inside), bytes, ...claimOf(root)]);
  const { result } = await bench.save(bench.project, claimOf([directoryEntry('moved', inside)]));
  expect(result).toMatchObject({ version: 2, files: 1 });
});
