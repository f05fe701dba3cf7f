import { randomUUID } from 'node:crypto';
import type { SaveResult } from '@rose/contract';
import { codeOf } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workspaceTree } from '../../test/workspace-tree.ts';
import { openStudio, type Studio } from '../../test/zips.ts';

let studio: Studio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio[Symbol.asyncDispose]());

const versions = () => studio.ada.rose.versions.list.query({ projectId: studio.project.id });
const save = (message: string, more: { requestId?: string; full?: boolean } = {}): Promise<SaveResult> =>
  studio.ada.rose.versions.save.mutate({ projectId: studio.project.id, message, ...more });
const load = (version?: number, more: { paths?: string[]; discard?: boolean } = {}) =>
  studio.ada.rose.versions.load.mutate({ projectId: studio.project.id, version, ...more });

const EMPTY = 'chmod -R u+rwx .; find . -mindepth 1 -delete';
const NASTY = String.raw`
${EMPTY}
mkdir -p src/deep/er empty node_modules/.bin .git/objects
echo 'console.log(1)' > src/index.js; printf '' > src/deep/nothing; head -c 3000000 /dev/urandom > src/deep/er/big
ln -s /etc/passwd absolute; ln -s nowhere dangling; ln -s src/deep directory; ln -s ../pkg/cli.js node_modules/.bin/cli
printf 'x' > $'new\nline'; printf 'y' > $'not\xffutf8'; printf '#!/bin/sh\n' > run; chmod 755 run
printf 'closed' > .git/objects/ab; chmod 444 .git/objects/ab; chmod 555 .git/objects; chmod 4711 src/index.js
touch -h -d '1999-12-31 23:59:59.123456789' dangling src/deep; touch -d '2030-01-01 00:00:00.000000001' empty`;

describe('a version', () => {
  it('loads over anything exactly as it was saved: names, bytes, modes, times, links, empty directories', async () => {
    await studio.shell(NASTY);
    const before = await workspaceTree(studio);
    const { version, skipped, changedDuringSave } = await save('nasty');
    expect({ skipped, changedDuringSave }).toEqual({ skipped: [], changedDuringSave: [] });
    await studio.shell(String.raw`
      chmod -R u+w .; rm -rf src/deep directory; mkdir directory; echo other > directory/f; echo 'console.log(2)' > src/index.js
      rm dangling; echo file > dangling; rm run; mkdir run; mv $'not\xffutf8' $'moved\xff'; rmdir empty; echo new > new; chmod 600 $'new\nline'`);
    const other = await workspaceTree(studio);
    const result = await load(version);
    expect(result).toMatchObject({ version, conflicts: [] });
    expect(result.checkpoint).toBe(version + 1);
    expect(await workspaceTree(studio)).toBe(before);
    expect(await studio.ada.rose.versions.undo.mutate({ projectId: studio.project.id })).toMatchObject({
      version: version + 1,
    });
    expect(await workspaceTree(studio)).toBe(other);
    expect(await studio.ada.rose.versions.undo.mutate({ projectId: studio.project.id })).toMatchObject({ version });
    expect(await workspaceTree(studio)).toBe(before);
  });

  it('is there once for a save that is asked for again with the same request id, at once or later', async () => {
    const requestId = randomUUID();
    const results = await Promise.all([1, 2, 3, 4].map(() => save('once', { requestId })));
    expect(new Set(results.map(({ version }) => version)).size).toBe(1);
    expect((await save('once more', { requestId })).version).toBe(results[0]!.version);
    expect((await versions()).filter(({ message }) => message.startsWith('once'))).toHaveLength(1);
  });

  it('costs next to nothing when nothing changed, and is made all the same by hand', async () => {
    await save('before');
    const { storedBytes, version } = await save('the same');
    expect(storedBytes).toBe(0);
    expect((await versions()).at(-1)).toMatchObject({ version, active: true });
  });
});

describe('twenty saves at once', () => {
  it('make distinct versions or are BUSY, and each of them loads', async () => {
    const before = (await versions()).length;
    await studio.shell(`${EMPTY}; for i in $(seq 300); do echo $i > f$i; done`);
    const saves = Promise.allSettled(Array.from({ length: 20 }, (_, index) => save(`at once ${index}`)));
    await studio.shell('for i in $(seq 40); do echo "changed $i" > f$i; done');
    const settled = await saves;
    const made = settled.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
    for (const one of settled)
      if (one.status === 'rejected') expect(await codeOf(Promise.reject(one.reason as Error))).toBe('BUSY');
    expect(new Set(made.map(({ version }) => version)).size).toBe(made.length);
    expect(made.length).toBeGreaterThan(0);
    expect(await versions()).toHaveLength(before + made.length);
    for (const { version, rootTree } of made) {
      expect((await load(version, { discard: true })).conflicts).toEqual([]);
      expect((await save('after')).rootTree).toBe(rootTree);
    }
  });

  it('and loads beside them leave a workspace that is one of the versions', async () => {
    await studio.shell(`${EMPTY}; echo one > f`);
    const one = await save('one');
    await studio.shell('echo two > f; mkdir d; echo two > d/g');
    const two = await save('two');
    const deeds = Array.from({ length: 10 }, (_, index) => [
      load(index % 2 === 0 ? one.version : two.version),
      save(`pair ${index}`),
    ]).flat();
    for (const deed of await Promise.allSettled<unknown>(deeds)) {
      if (deed.status === 'rejected') expect(await codeOf(Promise.reject(deed.reason as Error))).toBe('BUSY');
    }
    expect([one.rootTree, two.rootTree]).toContain((await save('in the end')).rootTree);
    const roots = new Set(
      (await Promise.all((await versions()).slice(-8).map(({ version }) => load(version)))).map(
        ({ conflicts }) => conflicts.length,
      ),
    );
    expect([...roots]).toEqual([0]);
  });
});

it('two projects save and load beside each other, and never each other’s files', async () => {
  const second = await studio.ada.rose.projects.create.mutate({ name: 'beside' });
  const shell = async (script: string): Promise<number | null> =>
    (await studio.ada.rose.workspace(second.id).run(['sh', '-c', script])).code;
  await shell('echo second > f');
  await studio.shell(`${EMPTY}; echo first > f`);
  const [a, b] = await Promise.all([save('first'), studio.ada.rose.versions.save.mutate({ projectId: second.id })]);
  expect(a.rootTree).not.toBe(b.rootTree);
  await Promise.all([studio.shell('echo changed > f'), shell('echo changed > f')]);
  await Promise.all([
    load(a.version),
    studio.ada.rose.versions.load.mutate({ projectId: second.id, version: b.version }),
  ]);
  expect(await studio.shell('cat f')).toBe('first\n');
  expect(await shell('grep -q second f')).toBe(0);
  await studio.ada.rose.projects.delete.mutate({ projectId: second.id });
});

it('a save beside a program that never stops writing is a version of whole files', async () => {
  await studio.shell(`${EMPTY}; mkdir d; echo 0 > d/counter`);
  const writing = studio.shell('for i in $(seq 300); do echo $i > d/new; mv d/new d/counter; echo $i >> log; done');
  const made = [];
  for (let round = 0; round < 5; round += 1) made.push(await save(`while written ${round}`));
  await writing;
  for (const { version } of made) {
    expect((await load(version, { discard: true })).conflicts).toEqual([]);
    expect(await studio.shell('cat d/counter')).toMatch(/^\d+\n$/);
    expect(await studio.shell('cat log 2>/dev/null || true')).toMatch(/^(\d+\n)*\d*$/);
  }
});

describe('a load of single paths', () => {
  it('restores those alone; the active version and what the workspace derives from stay', async () => {
    await studio.shell(`${EMPTY}; mkdir d; echo one > d/f; echo one > g`);
    const one = await save('one');
    await studio.shell('echo two > d/f; echo two > g; echo kept > h');
    const two = await save('two');
    await studio.shell('echo three > g');
    const result = await load(one.version, { paths: ['d'], discard: true });
    expect(result.conflicts).toEqual([]);
    expect(await studio.shell('cat d/f g h')).toBe('one\nthree\nkept\n');
    expect((await versions()).find(({ active }) => active)).toMatchObject({ version: two.version });
    // A stop and a start find the workspace as it was left.
    await studio.ada.rose.containers.stop.mutate({ projectId: studio.project.id });
    expect(await studio.shell('cat d/f g h')).toBe('one\nthree\nkept\n');
  });

  it('of a path that the version does not hold is refused before anything is made', async () => {
    const before = await versions();
    expect(await codeOf(load(before[0]!.version, { paths: ['no/such/path'] }))).toBe('NOT_FOUND');
    expect(await versions()).toEqual(before);
  });
});

it('a large file that changed and was only looked at can be loaded over', async () => {
  await studio.shell(`${EMPTY}; head -c 30000000 /dev/urandom > big`);
  const { version } = await save('big');
  const before = await workspaceTree(studio);
  await studio.shell('head -c 30000000 /dev/urandom > big');
  const projectId = studio.project.id;
  const status = await studio.ada.rose.versions.status.query({ projectId });
  expect(status.changes).toMatchObject([{ path: 'big', change: 'changed', kind: 'file' }]);
  const plan = await studio.ada.rose.versions.plan.query({ projectId, version });
  expect(plan).toMatchObject({ written: 1, removed: 0, conflicts: [] });
  expect((await load(version, { discard: true })).conflicts).toEqual([]);
  expect(await workspaceTree(studio)).toBe(before);
});

it('a directory that was moved costs no byte of its files, and loads back', async () => {
  await studio.shell(`${EMPTY}; mkdir -p a/deep; head -c 2000000 /dev/urandom > a/deep/random; echo page > a/page`);
  const { version } = await save('before the move');
  const before = await workspaceTree(studio);
  // Stamps of the very last moment could hide a change: such files are read again.
  await studio.shell('sleep 0.1; mkdir b; mv a b/moved');
  await save('settled');
  await studio.shell('mv b/moved c');
  const moved = await save('moved');
  expect(moved.storedBytes).toBeLessThan(10_000);
  const after = await workspaceTree(studio);
  await load(version);
  expect(await workspaceTree(studio)).toBe(before);
  await load(moved.version);
  expect(await workspaceTree(studio)).toBe(after);
});

it.each([0, -1, 1.5, 'abc', 999, 2_147_483_648])('version %s is refused and starts nothing', async (version) => {
  const expected = version === 999 ? 'NOT_FOUND' : 'INVALID_INPUT';
  const before = await versions();
  const input = { projectId: studio.project.id, version: version as number };
  expect(await codeOf(studio.ada.rose.versions.load.mutate(input))).toBe(expected);
  expect(await codeOf(studio.ada.rose.versions.tree.query(input))).toBe(expected);
  expect(await codeOf(studio.ada.rose.versions.plan.query(input))).toBe(expected);
  expect(await versions()).toEqual(before);
});
