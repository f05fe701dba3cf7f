import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ask } from '@rose/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeTree, describeWorkspace, hasInfoZip, openStudio, type Studio } from '../../../test/zips.ts';

let studio: Studio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio[Symbol.asyncDispose]());

const TREE = `
  mkdir -p src/empty read-only 'Grüße 中'
  echo 'console.log(1);' > src/main.ts
  : > src/zero
  echo '#!/bin/sh' > run.sh; chmod 755 run.sh
  echo kept > read-only/file; chmod 444 read-only/file
  echo Unicode > 'Grüße 中/𐀀'
  echo control > $'line\\nbreak'
  ln -s main.ts src/link
  ln -s ../nowhere src/dangling
  ln -s src 'to directory'
  ln -s /etc/hostname absolute
  head -c 3000000 /dev/urandom > noise
  yes | head -c 3000000 > yes
  chmod 555 read-only
  find . -depth -exec touch -h -d '2020-02-02 02:02:03 UTC' {} +
  touch -h -d '1975-05-05 05:05:05 UTC' run.sh`;

test.skipIf(!hasInfoZip)('Info-ZIP unpacks the zip of a version to the same tree (needs unzip)', async () => {
  await studio.shell(TREE);
  const { version } = await studio.save();
  const before = await describeWorkspace(studio);
  const file = path.join(studio.directory, 'version.zip');
  writeFileSync(file, await studio.exported(version));
  execFileSync('unzip', ['-tq', file]);
  const target = path.join(studio.directory, 'unpacked');
  mkdirSync(target);
  // In another time zone than UTC: the exact times do not depend on it.
  execFileSync('unzip', ['-q', '-^', file], { cwd: target, env: { ...process.env, TZ: 'Pacific/Auckland' } });
  // Info-ZIP sets no times of links.
  const timeless = (line: string): string => line.replace(/^(l \S+) \S+/, '$1');
  expect(describeTree(target).map(timeless)).toEqual(before.map(timeless));
  execFileSync('sh', ['-c', 'chmod -R u+w .'], { cwd: target });
});

test('no container is started for the zip of a version', async () => {
  const { project, ada } = studio;
  await studio.shell('echo asleep > file');
  const { version } = await studio.save();
  await ada.rose.containers.stop.mutate({ projectId: project.id });
  expect((await studio.exported(version)).length).toBeGreaterThan(100);
  expect((await ada.rose.containers.status.query({ projectId: project.id })).state).toBe('asleep');
});

test('what a zip cannot hold is named before the first byte', async () => {
  const { ada, project } = studio;
  const cases: [script: string, path: string][] = [
    ["mkdir d; : > d/$'x\\xff'", 'd/x\udcff'],
    [': > back\\\\slash', 'back\\slash'],
    [': > c:drive', 'c:drive'],
    ["ln -s $'a\\xfe' link", 'link'],
  ];
  for (const [script, name] of cases) {
    await studio.shell(`chmod -R u+w . && rm -rf ./* && ${script}`);
    const { version } = await studio.save();
    await expect(ada.rose.versionZip(project.id, version)).rejects.toMatchObject({
      code: 'ARCHIVE_REFUSED',
      details: { path: name },
      message: expect.stringContaining(JSON.stringify(name)),
    });
  }
});

test('an empty version is an empty zip', async () => {
  await studio.shell('chmod -R u+w . && rm -rf ./*');
  const { version } = await studio.save();
  const zip = await studio.exported(version);
  expect(zip.toString('latin1', 0, 4)).toBe('PK\x05\x06');
  expect(zip.length).toBe(22);
});

test('strangers, versions that are not there and nonsense are not found; nobody is refused', async () => {
  const { orchestrator, ada, project } = studio;
  const bob = await orchestrator.signUp('Bob');
  const { version } = await studio.save();
  await expect(bob.rose.versionZip(project.id, version)).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
  await expect(ada.rose.versionZip(project.id, 999)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(ada.rose.versionZip(999_999, 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const address = `${orchestrator.url}/projects/${project.id}/versions`;
  expect(await ask(`${address}/${version}.zip`)).toMatchObject({
    status: 401,
    json: { error: { code: 'UNAUTHENTICATED' } },
  });
  const headers = { authorization: `Bearer ${ada.session}` };
  for (const nonsense of ['0.zip', '99999999999.zip', 'abc.zip', '-1.zip', '1.zipper']) {
    expect([nonsense, (await ask(`${address}/${nonsense}`, { headers })).status]).toEqual([nonsense, 404]);
  }
});
