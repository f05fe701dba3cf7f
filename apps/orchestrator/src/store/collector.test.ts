import { encodeList, encodeTree, idOf, type ObjectId, type Raw } from '@rose/snapshot';
import { codeOf } from '@rose/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { objectOf, storeBench, type StoreBench } from '../../test/store-bench.ts';

let bench: StoreBench;
let projectId: number;
beforeEach(async () => {
  bench = await storeBench();
  projectId = await bench.project();
});
afterEach(() => bench[Symbol.asyncDispose]());

const collect = (isDryRun = false) => bench.collector.collect(bench.ownerId, { isDryRun });
const garbage = async (content: string): Promise<ObjectId> => {
  await using session = await bench.objects.beginSave(bench.ownerId);
  const object = objectOf(Buffer.from(content));
  await session.put([object]);
  return object.id;
};
const attributes = { mode: 0o644, mtimeSeconds: 1, mtimeNanoseconds: 0 };

it('what no version reaches is removed, and nothing else', async () => {
  await bench.save(projectId, { kept: 'kept', directory: { deep: 'deep' } });
  const before = await bench.ids();
  await garbage('one');
  await garbage('two');
  expect(await collect()).toMatchObject({ objects: 2, bytes: expect.any(Number) });
  expect(await bench.ids()).toEqual(before);
  expect(await collect()).toEqual({ objects: 0, bytes: 0 });
});

it('a dry run says the same and frees nothing', async () => {
  await bench.save(projectId, { kept: 'kept' });
  await garbage('gone');
  const before = await bench.ids();
  const told = await collect(true);
  expect(await bench.ids()).toEqual(before);
  expect(await collect()).toEqual(told);
});

it('what versions of deleted projects and of other projects need stays', async () => {
  await bench.save(projectId, { a: 'mine' });
  const deleted = await bench.project();
  await bench.save(deleted, { b: 'deleted' });
  await bench.database.prisma.project.update({ where: { id: deleted }, data: { deletedAt: new Date() } });
  expect(await collect()).toEqual({ objects: 0, bytes: 0 });
  expect(await bench.damaged()).toEqual([]);
});

it('objects of another owner are not looked at', async () => {
  const { id: other } = await bench.database.prisma.user.create({
    data: { email: 'grace@example.org', name: 'Grace', passwordHash: 'x' },
  });
  await garbage("Ada's");
  expect(await bench.collector.collect(other)).toEqual({ objects: 0, bytes: 0 });
  expect(await bench.ids()).toHaveLength(1);
});

it.each(['lost', 'flipped'])('a directory that is %s stops it, and nothing is removed', async (how) => {
  await bench.save(projectId, { kept: 'kept', directory: { deep: 'deep' } });
  await garbage('one');
  const id = Buffer.from(idOf(encodeTree([fileOf('deep', 'deep')])), 'hex');
  const sql =
    how === 'lost'
      ? 'DELETE FROM "StoredObject" WHERE id = $1'
      : 'UPDATE "StoredObject" SET data = set_bit(data, 77, 1 - get_bit(data, 77)) WHERE id = $1';
  expect((await bench.database.pool.query(sql, [id])).rowCount).toBe(1);
  const before = await bench.ids();
  expect(await codeOf(collect())).toBe('DAMAGED');
  expect(await codeOf(collect(true))).toBe('DAMAGED');
  expect(await bench.ids()).toEqual(before);
});

it('a file that holds the very bytes of a directory does not hide what that directory needs', async () => {
  const inside = encodeTree([fileOf('deep', 'deep')]);
  await bench.save(projectId, { a: inside, directory: { deep: 'deep' } });
  expect(await collect()).toEqual({ objects: 0, bytes: 0 });
  expect(await bench.damaged()).toEqual([]);
});

it('nor does a file whose list of chunks is that of a large directory', async () => {
  const encoding = encodeTree([fileOf('deep', 'deep')]);
  const parts = [encoding.subarray(0, 20), encoding.subarray(20)];
  const list = encodeList(parts.map((part) => ({ id: idOf(part), size: part.length })));
  const file = { ...fileOf('a', ''), size: encoding.length, content: { list: idOf(list) } };
  const directory = { ...attributes, kind: 'directory' as const, name: 'z' as Raw, tree: idOf(list) };
  const root = encodeTree([file, directory]);
  const objects = [root, list, ...parts, Buffer.from('deep')].map((plain) => objectOf(plain));
  await bench.saveObjects(projectId, idOf(root), objects);
  expect(await collect()).toEqual({ objects: 0, bytes: 0 });
  expect(await bench.damaged()).toEqual([]);
});

it('waits for the saves that run, and gives up without having removed anything', async () => {
  await using _ = await bench.objects.beginSave(bench.ownerId);
  await bench.save(projectId, { kept: 'kept' });
  await garbage('one');
  const before = await bench.ids();
  expect(await codeOf(bench.collector.collect(bench.ownerId, { waitMs: 200 }))).toBe('BUSY');
  expect(await bench.ids()).toEqual(before);
});

function fileOf(name: string, content: string) {
  const bytes = Buffer.from(content);
  const chunks = [{ id: idOf(bytes), size: bytes.length }];
  return { ...attributes, kind: 'file' as const, name: name as Raw, size: bytes.length, content: { chunks } };
}
