import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { startAgent } from '../../test/start-agent.ts';
import { unzip, useRefusals } from '../../test/use-refusals.ts';
import { DIRECTORY, FILE, LINK, makeZip } from '../../test/zip-writer.ts';

const refusals = useRefusals();

test.each([
  ['../evil', /component/],
  [`${'../'.repeat(40)}evil`, /component/],
  ['a/../../evil', /component/],
  ['a/./b', /component/],
  ['.', /component/],
  ['/etc/evil', /absolute/],
  ['//evil', /absolute/],
  ['..\\evil', /backslash/],
  ['a\\b', /backslash/],
  ['C:\\evil', /backslash/],
  ['C:/evil', /drive letter/],
  ['c:evil', /drive letter/],
  ['a\0b', /NUL/],
  ['a//b', /empty name/],
  ['', /no name/],
  ['/', /absolute/],
  ['n'.repeat(256), /255 bytes/],
  ['d/'.repeat(1760), /3500 bytes/],
])('a zip with the name %j is refused', async (name, problem) => {
  await refusals.expect([{ name, data: 'evil' }], problem);
});

test('a name that is marked as UTF-8 and is not is refused', async () => {
  await refusals.expect([{ name: Buffer.from([0x61, 0xff]), data: 'x' }], /UTF-8/);
});

test('a name hidden in a Unicode extra field is judged like any other', async () => {
  const field = Buffer.concat([Buffer.from([0x75, 0x70, 0, 0, 1, 0, 0, 0, 0]), Buffer.from('../evil')]);
  field.writeUInt16LE(field.length - 4, 2);
  field.writeUInt32LE(crc32(Buffer.from('fine')), 5);
  await refusals.expect([{ name: 'fine', data: 'x', flags: 0, extra: field }], /component/);
});

test('two entries of one name are refused, of whatever kinds', async () => {
  await refusals.expect(
    [
      { name: 'f', data: '1' },
      { name: 'f', data: '2' },
    ],
    /twice/,
  );
  await refusals.expect(
    [
      { name: 'f', data: '/etc/passwd', mode: LINK },
      { name: 'f', data: 'evil' },
    ],
    /twice/,
  );
  await refusals.expect(
    [
      { name: 'd/', mode: DIRECTORY },
      { name: 'd/', mode: DIRECTORY },
    ],
    /twice/,
  );
  await refusals.expect(
    [
      { name: 'd/', mode: DIRECTORY },
      { name: 'd', data: 'x' },
    ],
    /twice/,
  );
});

test('a path that is both a file and a directory is refused', async () => {
  await refusals.expect(
    [
      { name: 'a', data: 'x' },
      { name: 'a/b', data: 'y' },
    ],
    /both a file and a directory/,
  );
  await refusals.expect(
    [
      { name: 'a/b', data: 'y' },
      { name: 'a', data: 'x' },
    ],
    /both a file and a directory/,
  );
  await refusals.expect([{ name: 'a/', data: 'x', mode: FILE }], /both a file and a directory/);
  await refusals.expect([{ name: 'a/', data: 'content', mode: DIRECTORY }], /directory with content/);
});

test('a file behind a link is refused', async () => {
  await refusals.expect(
    [
      { name: 'l', data: '..', mode: LINK },
      { name: 'l/evil', data: 'x' },
    ],
    /both a symlink/,
  );
  await refusals.expect(
    [
      { name: 'l', data: 'd', mode: LINK },
      { name: 'd/', mode: DIRECTORY },
      { name: 'l/x', data: '' },
    ],
    /both a symlink/,
  );
});

test('a link that leads out is refused, also by way of other links', async () => {
  for (const target of ['/etc/passwd', '/'])
    await refusals.expect([{ name: 'l', data: target, mode: LINK }], /absolute/);
  for (const target of ['..', '../x', 'a/../../x', './/../y']) {
    await refusals.expect([{ name: 'l', data: target, mode: LINK }], /leads out/);
  }
  const toRoot = { name: 'x/root', data: '..', mode: LINK };
  await refusals.expect([toRoot, { name: 'x/l', data: 'root/../etc', mode: LINK }], /leads out/);
  await refusals.expect(
    [toRoot, { name: 'x/m', data: 'n', mode: LINK }, { name: 'x/n', data: 'root/..', mode: LINK }],
    /leads out/,
  );
  await refusals.expect(
    [
      { name: 'a', data: 'b', mode: LINK },
      { name: 'b', data: 'a', mode: LINK },
    ],
    /circles/,
  );
  await refusals.expect([{ name: 'l', data: '', mode: LINK }], /impossible length/);
  await refusals.expect([{ name: 'l', data: 'x'.repeat(4096), mode: LINK }], /impossible length/);
  await refusals.expect([{ name: 'l', data: 'a\0b', mode: LINK }], /to nothing/);
});

test('devices, FIFOs and sockets are refused', async () => {
  for (const type of [0o010000, 0o020000, 0o060000, 0o140000]) {
    await refusals.expect([{ name: 'special', mode: type | 0o666 }], /neither file/);
  }
});

test('encrypted entries and unknown methods are refused', async () => {
  await refusals.expect([{ name: 'e', data: 'secret', flags: 0x801 }], /encrypted/);
  await refusals.expect([{ name: 'e', data: 'secret', flags: 0x840 }], /encrypt/);
  for (const method of [1, 9, 12, 14, 93, 99]) {
    await refusals.expect([{ name: 'm', data: 'x', method, packed: Buffer.from('x') }], new RegExp(`method ${method}`));
  }
});

test('a link in the workspace lets no zip write through it', async () => {
  await using other = await startAgent();
  const outside = join(other.home, 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(other.workspace, 'd'));
  const zip = makeZip([{ name: 'd/evil', data: 'x' }]);
  await expect(unzip(other, zip)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(readdirSync(outside)).toEqual([]);
});

test('a zip gives nobody setuid, and a mode of 0 hurts nobody', async () => {
  await using other = await startAgent();
  const zip = makeZip([
    { name: 'd/', mode: 0o042555 },
    { name: 'd/suid', data: 'x', mode: 0o104755 },
    { name: 'd/none', data: 'x', mode: 0o100000 },
    { name: 'dos', data: 'x', mode: 0, madeBy: 20 },
  ]);
  await unzip(other, zip);
  const modes = await Promise.all(
    ['d', 'd/suid', 'd/none', 'dos'].map(async (path) => (await other.query('files.stat', { path })).mode),
  );
  expect(modes).toEqual([0o555, 0o755, 0, 0o644]);
});
