import { codeOf } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStudio, type Studio } from '../../test/zips.ts';

let studio: Studio;
beforeAll(async () => {
  studio = await openStudio();
  await studio.shell('mkdir -p a/b; echo one > a/b/page; chmod 750 a; head -c 50000 /dev/urandom > large');
  await studio.save();
  await studio.shell('echo two > a/b/page; rm large');
  await studio.save();
});
afterAll(() => studio[Symbol.asyncDispose]());

const rose = () => studio.ada.rose;
const fork = (name: string, version?: number) =>
  rose().projects.fork.mutate({ projectId: studio.project.id, name, version });
const space = () => rose().store.space.query({ projectId: studio.project.id });
const page = async (projectId: number) =>
  (await rose().workspace(projectId).files.read.query({ path: 'a/b/page' })).content;

describe('a fork', () => {
  it('has the version it was made of as its version 1, costs no byte, and knows where it came from', async () => {
    const { ownerBytes } = await space();
    const made = await fork('old', 1);
    expect(made).toMatchObject({
      name: 'old',
      activeVersion: 1,
      forkedFrom: { projectId: studio.project.id, version: 1 },
    });
    expect((await space()).ownerBytes).toBe(ownerBytes);
    const [version] = await rose().versions.list.query({ projectId: made.id });
    expect(version).toMatchObject({ version: 1, kind: 'fork', storedBytes: 0, files: 2, active: true });
    expect([await page(made.id), await page(studio.project.id)]).toEqual(['one\n', 'two\n']);
    expect((await rose().versions.status.query({ projectId: made.id })).changes).toEqual([]);
  });

  it('of no version is one of the active one, and goes its own way', async () => {
    const made = await fork('now');
    expect(made.forkedFrom).toEqual({ projectId: studio.project.id, version: 2 });
    await rose().workspace(made.id).run(['sh', '-c', 'echo three > a/b/page']);
    expect(await rose().versions.save.mutate({ projectId: made.id })).toMatchObject({ version: 2 });
    expect(await page(studio.project.id)).toBe('two\n');
  });

  it('outlives the version it was made of', async () => {
    const made = await fork('heir', 1);
    await rose().versions.delete.mutate({ projectId: studio.project.id, version: 1 });
    await rose().store.collect.mutate({});
    expect((await rose().store.verify.mutate({ projectId: made.id })).damaged).toEqual([]);
    await rose().workspace(made.id).run(['rm', '-r', 'large']);
    expect(await rose().versions.load.mutate({ projectId: made.id })).toMatchObject({ version: 1, written: 1 });
  });

  it('is seen as a whole or not at all', async () => {
    const { pool } = studio.orchestrator.context.database;
    const holder = await pool.connect();
    const before = await rose().projects.list.query();
    let made: Promise<unknown>;
    try {
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE "ProjectVersion" IN SHARE MODE');
      made = fork('half');
      await vi.waitFor(async () => {
        const { rows } = await pool.query(
          `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '"ProjectVersion"'::regclass`,
        );
        expect(rows).toHaveLength(1);
      }, 20_000);
      expect(await rose().projects.list.query()).toHaveLength(before.length);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    expect(await made).toMatchObject({ name: 'half', activeVersion: 1 });
  });

  it('of a version that is not there, or of a name that is taken, leaves no project', async () => {
    const before = await rose().projects.list.query();
    expect(await codeOf(fork('nothing', 99))).toBe('NOT_FOUND');
    expect(await codeOf(fork('now'))).toBe('NAME_TAKEN');
    expect(await rose().projects.list.query()).toHaveLength(before.length);
  });
});
