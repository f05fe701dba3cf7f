import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ask } from '@rose/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  describeTree,
  describeWorkspace,
  hasInfoZip,
  openStudio,
  zipOf,
  type Studio,
  type Zip,
} from '../../../test/zips.ts';

let studio: Studio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio[Symbol.asyncDispose]());

const importZip = (zip: Zip) => studio.ada.rose.importZip(studio.project.id, zip);
const versions = () => studio.ada.rose.versions.list.query({ projectId: studio.project.id });

const TREE = `
  mkdir -p src/empty locked
  echo 'console.log(1);' > src/main.ts
  : > zero
  echo '#!/bin/sh' > run.sh; chmod 755 run.sh
  echo kept > locked/file; chmod 400 locked/file
  echo Unicode > 'Grüße 中 𐀀'
  echo control > $'line\\nbreak'
  ln -s main.ts src/link
  ln -s ../nowhere src/dangling
  head -c 2500000 /dev/urandom > noise
  yes | head -c 2500000 > yes
  chmod 555 locked
  find . -depth -exec touch -h -d '2020-02-02 02:02:03 UTC' {} +
  touch -h -d '1975-05-05 05:05:05 UTC' run.sh`;

test('a version that is exported and imported is the same tree', async () => {
  await studio.shell(TREE);
  const saved = await studio.save();
  const imported = await importZip(await studio.exported(saved.version));
  expect(imported).toMatchObject({
    rootTree: saved.rootTree,
    files: saved.files,
    logicalBytes: saved.logicalBytes,
    skipped: [],
  });
  const made = (await versions()).find(({ version }) => version === imported.version);
  expect(made).toMatchObject({ kind: 'import', author: studio.ada.email, active: false });
});

test('of times a zip keeps the second', async () => {
  await studio.shell("touch -d '2021-01-01 00:00:00.123456789 UTC' zero");
  const { version } = await studio.save();
  const imported = await importZip(await studio.exported(version));
  const { entries } = await studio.ada.rose.versions.tree.query({
    projectId: studio.project.id,
    version: imported.version,
    path: 'zero',
  });
  expect(entries[0]!.mtimeNs).toBe('1609459200000000000');
});

test('an import leaves the workspace, the active version and what changed since it as they were', async () => {
  const { ada, project } = studio;
  const { version } = await studio.save();
  await studio.shell('echo unsaved > unsaved');
  const before = await describeWorkspace(studio);
  const changes = await ada.rose.versions.status.query({ projectId: project.id });
  await importZip(await zipOf({ 'from zip': 'content' }));
  expect(await describeWorkspace(studio)).toEqual(before);
  expect(await ada.rose.versions.status.query({ projectId: project.id })).toEqual(changes);
  expect((await versions()).find(({ active }) => active)?.version).toBe(version);
  expect(await studio.staged()).toBe('');
});

test('an imported version loads like any other', async () => {
  const { ada, project } = studio;
  const { version } = await importZip(await zipOf({ 'd/': '', 'd/f': 'imported', l: { link: 'd/f' } }));
  await ada.rose.versions.load.mutate({ projectId: project.id, version });
  expect(await studio.shell('find . -mindepth 1 | sort; cat l; stat -c %Y d/f')).toBe(
    './d\n./d/f\n./l\nimported1500000001\n',
  );
});

test('modes that forbid reading are imported as they are', async () => {
  const zip = await zipOf({ 'd/': '', 'd/secret': 'nobody reads this' });
  // The external attributes of the file: 0100644 becomes 0100000; of the directory: 040755 becomes 040000.
  for (let at = zip.indexOf('PK\x01\x02'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 1)) {
    zip.writeUInt32LE((((zip.readUInt32LE(at + 38) >>> 16) & 0o170000) << 16) >>> 0, at + 38);
  }
  const { version, files } = await importZip(zip);
  expect(files).toBe(1);
  const entry = async (name: string) =>
    (await studio.ada.rose.versions.tree.query({ projectId: studio.project.id, version, path: name })).entries[0]!;
  expect((await entry('')).mode).toBe(0);
  expect((await entry('d/secret')).mode).toBe(0);
});

test.skipIf(!hasInfoZip)('zips of Info-ZIP are read (needs zip)', async () => {
  const source = path.join(studio.directory, 'theirs');
  mkdirSync(path.join(source, 'a/empty'), { recursive: true });
  cpSync(import.meta.dirname, path.join(source, 'a/code'), { recursive: true });
  writeFileSync(path.join(source, 'Grüße'), 'hello');
  execFileSync(
    'sh',
    ['-c', 'chmod 755 Grüße; ln -s Grüße link; find . -depth -exec touch -h -d "2011-11-11 11:11:11 UTC" {} +'],
    { cwd: source },
  );
  execFileSync('zip', ['-qry', '../theirs.zip', '.'], { cwd: source });
  const { version } = await importZip(readFileSync(path.join(studio.directory, 'theirs.zip')));
  await studio.ada.rose.versions.load.mutate({ projectId: studio.project.id, version });
  expect(await describeWorkspace(studio)).toEqual(describeTree(source));
});

test('the message of an import is given in the query', async () => {
  const message = 'a "message", with ümlauts';
  const { ada, project, orchestrator } = studio;
  const address = `${orchestrator.url}/projects/${project.id}/import`;
  const post = async (query: string) => {
    const body = new Uint8Array(await zipOf({ f: 'x' }));
    return fetch(`${address}?${query}`, { method: 'POST', headers: { authorization: `Bearer ${ada.session}` }, body });
  };
  expect((await post(`message=${encodeURIComponent(message)}`)).status).toBe(200);
  expect((await versions()).at(-1)?.message).toBe(message);
  expect((await post(`message=${'m'.repeat(10_001)}`)).status).toBe(400);
  expect((await post('unknown=1')).status).toBe(400);
});

test('a refusal arrives although the zip is still on its way', async () => {
  const large = Buffer.alloc(32 * 1024 * 1024);
  await expect(studio.ada.rose.importZip(999_999, large)).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
});

test('strangers and unknown projects are not found; nobody is refused', async () => {
  const { orchestrator, project } = studio;
  const bob = await orchestrator.signUp('Bob');
  const zip = await zipOf({ f: 'x' });
  await expect(bob.rose.importZip(project.id, zip)).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
  await expect(bob.rose.importZip(999_999, zip)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const address = `${orchestrator.url}/projects/${project.id}/import`;
  expect(await ask(address, { body: 'zip' })).toMatchObject({
    status: 401,
    json: { error: { code: 'UNAUTHENTICATED' } },
  });
});
