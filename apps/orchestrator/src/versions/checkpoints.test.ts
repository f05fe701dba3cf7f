import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { idOf } from '@rose/snapshot';
import { codeOf, failureOf } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type Studio } from '../../test/zips.ts';

let studio: Studio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio[Symbol.asyncDispose]());

const id = () => ({ projectId: studio.project.id });
const rose = () => studio.ada.rose;
const set = (values: Record<string, string | number>) => rose().settings.project.update.mutate({ ...id(), values });
const list = () => rose().versions.list.query(id());
const checkpoints = () => studio.orchestrator.context.services.checkpoints;
const filesOf = async (version: number) =>
  (await rose().versions.tree.query({ ...id(), version })).entries.map(({ name }) => name);

describe('the command of a project before saves', () => {
  it('runs before saves by hand, auto-saves and stops; what it makes is in the version', async () => {
    await set({ preSaveCommand: 'date +%s%N > dump; echo fine', preSaveSeconds: 30 });
    const { version } = await studio.save();
    expect(await filesOf(version)).toContain('dump');
    await checkpoints().autoSave(studio.project.id);
    await rose().containers.stop.mutate(id());
    expect((await list()).map(({ kind }) => kind)).toEqual(['manual', 'auto-save', 'on-stop']);
  });

  it('does not run before the checkpoint of a load: that holds the workspace as it is', async () => {
    await studio.shell('rm dump');
    const { checkpoint } = await rose().versions.load.mutate({ ...id(), version: 1 });
    expect(await filesOf(checkpoint!)).not.toContain('dump');
  });

  it('that fails stops a save by hand, which says why, and no checkpoint', async () => {
    await set({ preSaveCommand: 'echo no database >&2; exit 3' });
    await studio.shell('echo changed > page');
    const before = await list();
    const { code, message } = await failureOf(studio.save());
    expect(code).toBe('CONFLICT');
    expect(message).toBe("Nothing was saved: the project's preSaveCommand ended with code 3. no database");
    expect(await list()).toEqual(before);
    await checkpoints().autoSave(studio.project.id);
    expect((await list()).at(-1)).toMatchObject({ kind: 'auto-save', active: true });
  });

  it('that takes too long is ended, and a save by hand says so', async () => {
    await set({ preSaveCommand: 'sleep 600', preSaveSeconds: 1 });
    expect((await failureOf(studio.save())).message).toMatch(/preSaveCommand took longer than 1 s/);
    await studio.shell('echo changed again > page');
    await checkpoints().autoSave(studio.project.id);
    expect((await list()).at(-1)).toMatchObject({ kind: 'auto-save' });
    await set({ preSaveCommand: '' });
  });
});

describe('a version', () => {
  it('that is active or pinned cannot be deleted; unpinned it goes, and its number is not used again', async () => {
    const [first, second] = [(await studio.save()).version, (await studio.save()).version];
    await rose().versions.pin.mutate({ ...id(), version: first });
    expect(await codeOf(rose().versions.delete.mutate({ ...id(), version: first }))).toBe('CONFLICT');
    expect(await codeOf(rose().versions.delete.mutate({ ...id(), version: second }))).toBe('CONFLICT');
    await rose().versions.pin.mutate({ ...id(), version: first, pinned: false });
    await rose().versions.delete.mutate({ ...id(), version: first });
    expect(await codeOf(rose().versions.delete.mutate({ ...id(), version: first }))).toBe('NOT_FOUND');
    expect(await codeOf(rose().versions.pin.mutate({ ...id(), version: first }))).toBe('NOT_FOUND');
    expect((await studio.save()).version).toBe(second + 1);
  });
});

describe('a change that hides behind the stamps of its file', () => {
  /** The file changes while nothing runs, and whoever did it forges the stat cache too. */
  const hide = async (content: string): Promise<void> => {
    await rose().containers.stop.mutate(id());
    const { config, context } = studio.orchestrator;
    const { workspacePath } = await context.database.prisma.project.findUniqueOrThrow({
      where: { id: studio.project.id },
    });
    const volume = path.join(config.dataDir, 'volumes', workspacePath);
    const file = path.join(volume, 'workspace/hidden');
    writeFileSync(file, content);
    const { ctimeNs, mtimeNs } = statSync(file, { bigint: true });
    const cache = path.join(volume, '.rose/stat-cache.json');
    const [, json = ''] = readFileSync(cache, 'utf8').split('\n');
    const pair = (ns: bigint): [number, number] => [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
    const forged = JSON.parse(json) as { root: { 6: unknown[][] } };
    const entry = forged.root[6].find(([name]) => name === 'hidden')!;
    [entry[3], entry[4], entry[7]] = [pair(mtimeNs), pair(ctimeNs), 0];
    const bytes = Buffer.from(JSON.stringify(forged));
    writeFileSync(cache, Buffer.concat([Buffer.from(`${idOf(bytes)}\n`), bytes]));
  };
  const hidden = async (version: number) =>
    Buffer.concat(await Array.fromAsync(await rose().versionFile(studio.project.id, version, 'hidden'))).toString();

  it('is missed by a save, found and named by a full one, and found by the first stop of a day', async () => {
    await studio.shell('printf aaaa > hidden');
    await studio.save();
    await hide('bbbb');
    expect(await hidden((await studio.save()).version)).toBe('aaaa');
    const full = await rose().versions.save.mutate({ ...id(), full: true });
    expect([full.mismatched, await hidden(full.version)]).toEqual([['hidden'], 'bbbb']);

    await hide('cccc');
    await studio.shell('true');
    await rose().containers.stop.mutate(id());
    expect(await hidden((await list()).at(-1)!.version)).toBe('bbbb');
    const aDayAgo = new Date(Date.now() - 25 * 60 * 60_000);
    const { prisma } = studio.orchestrator.context.database;
    await prisma.project.update({ where: { id: studio.project.id }, data: { fullSaveAt: aDayAgo } });
    await studio.shell('true');
    await rose().containers.stop.mutate(id());
    const last = (await list()).at(-1)!;
    expect([last.kind, await hidden(last.version)]).toEqual(['on-stop', 'cccc']);
    expect(studio.orchestrator.logged()).toContain('"mismatched":["hidden"]');
  });
});
