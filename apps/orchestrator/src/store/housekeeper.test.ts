import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BadDisk } from '../../test/damage.ts';
import { storeBench, type StoreBench } from '../../test/store-bench.ts';
import { ProjectsRepository } from '../projects/projects-repository.ts';
import { UNDELETE_MS } from '../projects/projects-service.ts';
import { Housekeeper } from './housekeeper.ts';

let bench: StoreBench;
let house: Housekeeper;
beforeEach(async () => {
  bench = await storeBench();
  const projects = new ProjectsRepository(bench.database.prisma);
  house = new Housekeeper({
    purge: () => projects.purge(new Date(Date.now() - UNDELETE_MS)),
    owners: () => bench.repository.owners(),
    collect: (ownerId, signal) => bench.collector.collect(ownerId, { signal }),
    log: pino({ level: 'silent' }),
  });
});
afterEach(() => bench[Symbol.asyncDispose]());

const deletedDaysAgo = (id: number, days: number) =>
  bench.database.prisma.project.update({
    where: { id },
    data: { deletedAt: new Date(Date.now() - days * 24 * 60 * 60_000) },
  });
const projects = async () =>
  (await bench.database.prisma.project.findMany({ orderBy: { id: 'asc' } })).map(({ id }) => id);

it('a project that was deleted more than seven days ago is erased with its versions and their bytes', async () => {
  const [kept, recent, old] = [await bench.project(), await bench.project(), await bench.project()];
  await bench.save(kept, { shared: 'shared', a: 'a' });
  await bench.save(recent, { b: 'b' });
  const before = await bench.ids();
  await bench.save(old, { shared: 'shared', c: 'c' });
  await deletedDaysAgo(recent, 6.9);
  await deletedDaysAgo(old, 7.1);
  await house.round();
  expect(await projects()).toEqual([kept, recent]);
  expect(await bench.ids()).toEqual(before);
  expect(await bench.damaged()).toEqual([]);
});

it('a fork of an erased project stays, and knows no origin any more', async () => {
  const [origin, fork] = [await bench.project(), await bench.project()];
  await bench.save(origin, { a: 'a' });
  await bench.save(fork, { a: 'a' });
  await bench.database.prisma.project.update({
    where: { id: fork },
    data: { forkedFromId: origin, forkedFromVersion: 1 },
  });
  await deletedDaysAgo(origin, 8);
  await house.round();
  expect(await bench.database.prisma.project.findMany()).toMatchObject([{ id: fork, forkedFromId: null }]);
  expect(await bench.damaged()).toEqual([]);
});

it('one account whose store is damaged does not keep the others from being looked after', async () => {
  const damaged = await bench.project();
  await bench.save(damaged, { d: { a: 'a' } });
  await new BadDisk(bench).lose(await new BadDisk(bench).root(damaged, 1));
  const grace = { email: 'grace@example.org', name: 'Grace', passwordHash: 'x' };
  const { id } = await bench.database.prisma.user.create({ data: grace });
  const stored = bench.ids();
  await bench.database.pool.query('INSERT INTO "StoredObject" SELECT $1, id, size, data FROM "StoredObject" LIMIT 1', [
    id,
  ]);
  await house.round();
  expect(await bench.ids()).toEqual(await stored);
  const { rowCount } = await bench.database.pool.query('SELECT FROM "StoredObject" WHERE "ownerId" = $1', [id]);
  expect(rowCount).toBe(0);
});
