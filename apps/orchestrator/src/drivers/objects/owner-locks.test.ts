import { compress, idOf } from '@rose/snapshot';
import { codeOf, testDatabase } from '@rose/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../database/index.ts';
import type { NewObject } from './objects.ts';
import { OWNER_OBJECTS_LOCK } from './owner-locks.ts';
import { PostgresObjects } from './postgres-objects.ts';

let database: Database;
let objects: PostgresObjects;
let owners: number[];
beforeEach(async () => {
  database = await testDatabase();
  objects = new PostgresObjects(database.pool);
  const people = ['Ada', 'Grace', 'Katherine'].map((name) => ({
    name,
    email: `${name.toLowerCase()}@example.org`,
    passwordHash: 'x',
  }));
  await database.prisma.user.createMany({ data: people });
  owners = (await database.prisma.user.findMany({ select: { id: true } })).map(({ id }) => id);
});
afterEach(() => database[Symbol.asyncDispose]());

function object(text: string): NewObject {
  const plain = Buffer.from(text);
  return { id: idOf(plain), size: plain.length, data: compress(plain), totals: null };
}

async function locks(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [OWNER_OBJECTS_LOCK],
  );
  return rows[0]!.count;
}

test('a hundred saves that wait for their containers leave the database to everybody else', async () => {
  const saves = await Promise.all(Array.from({ length: 100 }, (_, index) => objects.beginSave(owners[index % 3]!)));
  expect(await locks()).toBe(3);
  expect(database.pool.totalCount - database.pool.idleCount).toBe(1);
  await Promise.all(saves.map((save, index) => save.put([object(`object ${index}`)])));
  await Promise.all(saves.map((save) => save.confirm()));
  await Promise.all(saves.map((save) => save[Symbol.asyncDispose]()));
  expect(await locks()).toBe(0);
  expect(database.pool.totalCount).toBe(database.pool.idleCount);
});

test('a collection waits for the saves of its owner, and for no others; saves wait for it', async () => {
  const [ada, grace] = owners as [number, number];
  const save = await objects.beginSave(ada);
  expect(await objects.alone(ada, 0, async () => 'alone')).toBe(null);
  expect(await objects.alone(grace, 0, async () => 'alone')).toBe('alone');
  await save[Symbol.asyncDispose]();
  const order: string[] = [];
  let begun: Promise<void> = Promise.resolve();
  await objects.alone(ada, 0, async () => {
    begun = objects.beginSave(ada).then(async (late) => {
      order.push('save');
      await late[Symbol.asyncDispose]();
    });
    await using _ = await objects.beginSave(grace);
    await new Promise((resolve) => setTimeout(resolve, 120));
    order.push('collected');
  });
  await begun;
  expect(order).toEqual(['collected', 'save']);
});

test('a save whose lock broke off says so before a version is made; the next one has a lock again', async () => {
  const [ada] = owners as [number];
  const save = await objects.beginSave(ada);
  await save.put([object('kept?')]);
  await database.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [OWNER_OBJECTS_LOCK],
  );
  expect(await codeOf(save.confirm())).toBe('DATABASE_UNAVAILABLE');
  await save[Symbol.asyncDispose]();
  await using next = await objects.beginSave(ada);
  await next.put([object('kept')]);
  await next.confirm();
  expect(await locks()).toBe(1);
});

test('holding and giving back in any order keeps each owner locked for as long as one of his saves runs', async () => {
  const [ada] = owners as [number];
  const saves = await Promise.all([1, 2, 3].map(() => objects.beginSave(ada)));
  for (const save of saves) {
    expect(await objects.alone(ada, 0, async () => true)).toBe(null);
    await save[Symbol.asyncDispose]();
  }
  expect(await objects.alone(ada, 1000, async () => true)).toBe(true);
});
