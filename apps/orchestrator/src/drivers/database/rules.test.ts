import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { testDatabase } from '@rose/testing/database';
import type { Database } from './database.ts';

/** The rules that the schema states beyond types: each is tried through Prisma, as the code would break it. */

let database: Database;
let ownerId: number;
let projectId: number;
let nextName = 0;

beforeAll(async () => {
  database = await testDatabase();
  const ada = { email: 'ada@example.org', name: 'Ada', passwordHash: '-' };
  ({ id: ownerId } = await database.prisma.user.create({ data: ada }));
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  ({ id: projectId } = await createProject());
});

const createProject = (values: object = {}) => {
  const name = `project-${nextName++}`;
  return database.prisma.project.create({ data: { ownerId, name, workspacePath: name, ...values } });
};
const createVersion = (values: object = {}) =>
  database.prisma.projectVersion.create({
    data: {
      projectId,
      number: 1,
      kind: 'manual',
      rootTree: randomBytes(32),
      rootMtimeNs: 0n,
      files: 0,
      logicalBytes: 0n,
      storedBytes: 0n,
      durationMs: 0,
      ...values,
    },
  });
const createObject = (values: object = {}) =>
  database.prisma.storedObject.create({
    data: { ownerId, id: randomBytes(32), size: 1, data: randomBytes(9), ...values },
  });
const createUser = (values: object = {}) =>
  database.prisma.user.create({ data: { email: 'grace@example.org', name: 'Grace', passwordHash: '-', ...values } });
const createLoad = (values: object = {}) =>
  database.prisma.load.create({ data: { id: crypto.randomUUID(), projectId, version: 1, ...values } });

test('a project has at most one active version', async () => {
  await createVersion({ number: 1, isActive: true });
  await createVersion({ number: 2 });
  await expect(createVersion({ number: 3, isActive: true })).rejects.toThrow('ProjectVersion_projectId_isActive_key');
});

test('a version number is given once', async () => {
  await createVersion();
  await expect(createVersion()).rejects.toThrow('ProjectVersion_projectId_number_key');
});

test('a name is unique among what its owner has not deleted', async () => {
  await createProject({ name: 'compiler' });
  await expect(createProject({ name: 'compiler' })).rejects.toThrow('Project_ownerId_name_key');
  await database.prisma.project.updateMany({ where: { name: 'compiler' }, data: { deletedAt: new Date() } });
  await createProject({ name: 'compiler' });
  const deleted = { name: 'compiler', deletedAt: { not: null } };
  const undelete = database.prisma.project.updateMany({ where: deleted, data: { deletedAt: null } });
  await expect(undelete).rejects.toThrow('Project_ownerId_name_key');
});

test('a project has at most one load under way', async () => {
  await createLoad();
  await expect(createLoad()).rejects.toThrow('Load_projectId_state_key');
  await database.prisma.load.updateMany({ where: { projectId }, data: { state: 'done', finishedAt: new Date() } });
  await createLoad();
});

test('a version never changes what it is, only what is thought of it', async () => {
  const { id } = await createVersion();
  const change = (data: object) => database.prisma.projectVersion.update({ where: { id }, data });
  await change({ isActive: true, isPinned: true, message: 'first light' });
  await expect(change({ rootTree: randomBytes(32) })).rejects.toThrow(/is immutable/);
  await expect(change({ number: 2 })).rejects.toThrow(/is immutable/);
});

test('an owner of projects cannot be deleted, and with a project go its versions', async () => {
  await createVersion();
  await expect(database.prisma.user.delete({ where: { id: ownerId } })).rejects.toThrow('Project_ownerId_fkey');
  await database.prisma.project.delete({ where: { id: projectId } });
  expect(await database.prisma.projectVersion.count({ where: { projectId } })).toBe(0);
});

test.for([
  ['a version number below 1', 'number_from_one', () => createVersion({ number: 0 })],
  ['a root tree that is no SHA-256', 'rootTree_sha256', () => createVersion({ rootTree: randomBytes(31) })],
  ['negative bytes', 'totals_count', () => createVersion({ storedBytes: -1n })],
  ['a list of paths that is no list', 'lists', () => createVersion({ skipped: {} })],
  ['an object id that is no SHA-256', 'id_sha256', () => createObject({ id: randomBytes(20) })],
  ['an object over 4 MiB', 'size_limit', () => createObject({ size: 4_194_305 })],
  ['an object without bytes', 'data_limit', () => createObject({ data: new Uint8Array() })],
  ['half of the totals of a tree', 'totals_together', () => createObject({ entries: 1n })],
  ['an address in capitals', 'email_lower_case', () => createUser({ email: 'Grace@example.org' })],
  ['a nameless user', 'name_length', () => createUser({ name: '' })],
  ['a project named like an id', 'name_form', () => createProject({ name: '42' })],
  ['a project name with a colon', 'name_form', () => createProject({ name: 'a:b' })],
  [
    'a project that needs attention for no reason',
    'stateReason_given',
    () => createProject({ state: 'needs_attention' }),
  ],
  ['a container of no runtime', 'containerId_with_runtime', () => createProject({ containerId: 'c1' })],
  ['a base version that was never given out', 'baseVersion_exists', () => createProject({ baseVersion: 1 })],
  ['a load that is done at no time', 'finishedAt_settled', () => createLoad({ state: 'done' })],
] as const)('%s is refused', async ([, constraint, write]) => {
  await expect(write()).rejects.toThrow(constraint);
});

test('object bytes are stored as they are, outside of the row', async () => {
  const { rows } = await database.pool.query(
    `SELECT attstorage AS storage FROM pg_attribute WHERE attrelid = '"StoredObject"'::regclass AND attname = 'data'`,
  );
  expect(rows).toEqual([{ storage: 'e' }]);
});
