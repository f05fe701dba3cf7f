import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const QUOTA = 1_000_000;
const DONORS = ['Ada', 'Grace', 'Hopper'];
let house: TestOrchestrator;
let eve: Person;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process', quotaBytes: QUOTA } });
  eve = await house.signUp('Eve');
}, 60_000);
afterAll(() => house?.[Symbol.asyncDispose]());

async function projectOf(who: Person, name: string, bytes: number): Promise<number> {
  const { id } = await who.rose.projects.create.mutate({ name });
  await who.rose.workspace(id).run(['sh', '-c', `head -c ${bytes} /dev/urandom > large`]);
  return id;
}

async function storedOfEve(): Promise<number> {
  await eve.rose.store.collect.mutate({});
  const text = 'SELECT coalesce(sum(octet_length(data)), 0)::int AS bytes FROM "StoredObject" WHERE "ownerId" = $1';
  const { rows } = await house.context.database.pool.query<{ bytes: number }>(text, [eve.id]);
  return rows[0]!.bytes;
}

it('forks at the same time do not exceed a quota together', { timeout: 120_000 }, async () => {
  const sources = await Promise.all(
    DONORS.map(async (name) => {
      const donor = await house.signUp(name);
      const id = await projectOf(donor, 'source', 700_000);
      await donor.rose.versions.save.mutate({ projectId: id });
      await donor.rose.projects.members.add.mutate({ projectId: id, email: eve.email, role: 'viewer' });
      return id;
    }),
  );
  const forks = sources.map((projectId) => eve.rose.projects.fork.mutate({ projectId, name: `fork of ${projectId}` }));
  await Promise.allSettled(forks);
  expect(await storedOfEve()).toBeLessThan(QUOTA);
  const own = (await eve.rose.projects.list.query()).filter(({ role }) => role === 'owner');
  expect(own).toHaveLength(1);
  await eve.rose.projects.delete.mutate({ projectId: own[0]!.id });
  await house.context.database.prisma.project.deleteMany({ where: { ownerId: eve.id } });
});

it('nor do saves of several projects', { timeout: 120_000 }, async () => {
  expect(await storedOfEve()).toBe(0);
  const projects = await Promise.all(DONORS.map((name) => projectOf(eve, `of ${name}`, 700_000)));
  await Promise.allSettled(projects.map((projectId) => eve.rose.versions.save.mutate({ projectId })));
  expect(await storedOfEve()).toBeLessThan(QUOTA);
});
