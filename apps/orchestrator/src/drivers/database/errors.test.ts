import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { testDatabase } from '@rose/testing/database';
import { isUniqueViolation, translateDatabaseError } from './errors.ts';
import { connect } from './open-database.ts';

const ADA = { email: 'ada@example.org', name: 'Ada', passwordHash: '-' };
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

test('a unique violation is recognised by its columns, through Prisma, raw SQL and the pool', async () => {
  await using database = await testDatabase();
  const { prisma, pool } = database;
  const { id: ownerId } = await prisma.user.create({ data: ADA });
  await prisma.project.create({ data: { ownerId, name: 'compiler', workspacePath: 'one' } });
  const insert = `INSERT INTO "Project" ("ownerId", name, "workspacePath", "updatedAt") VALUES (${ownerId}, 'compiler', 'two', now())`;
  const twice = { data: { ownerId, name: 'compiler', workspacePath: 'two' } };
  for (const failure of [
    await failureOf(prisma.project.create(twice)),
    await failureOf(prisma.$transaction((transaction) => transaction.project.create(twice))),
    await failureOf(prisma.$executeRawUnsafe(insert)),
    await failureOf(pool.query(insert)),
  ]) {
    expect(isUniqueViolation(failure, 'ownerId', 'name')).toBe(true);
    expect(isUniqueViolation(failure)).toBe(true);
    expect(isUniqueViolation(failure, 'name')).toBe(false);
    expect(isUniqueViolation(failure, 'workspacePath')).toBe(false);
  }
});

test('a connection that breaks off is an outage, through Prisma, raw SQL and the pool', async () => {
  const resetting = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.resetAndDestroy());
  }).listen(0, '127.0.0.1');
  await once(resetting, 'listening');
  const { port } = resetting.address() as AddressInfo;
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  await using database = connect(`postgresql://ada:secret@127.0.0.1:${port}/rose`, log);
  const { prisma, pool } = database;
  for (const failure of [
    await failureOf(prisma.user.count()),
    await failureOf(prisma.$queryRaw`SELECT 1`),
    await failureOf(pool.query('SELECT 1')),
  ]) {
    expect(translateDatabaseError(failure)).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  }
  resetting.close();
});

test('what is no outage is left as it is', async () => {
  await using database = await testDatabase();
  const duplicate = database.prisma.user.createMany({ data: [ADA, ADA] });
  for (const error of [await failureOf(duplicate), await failureOf(database.pool.query('SELECT nonsense')), 'text']) {
    expect(translateDatabaseError(error)).toBe(error);
    expect(isUniqueViolation(error, 'name')).toBe(false);
  }
});
