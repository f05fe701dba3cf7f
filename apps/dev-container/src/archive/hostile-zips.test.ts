import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAgent, type TestAgent } from '../../test/start-agent.ts';
import { DIRECTORY, FILE, LINK, makeZip, type HostileEntry } from '../../test/zip-writer.ts';
import { DEFAULT_ZIP_LIMITS, type ZipLimits } from './zip-limits.ts';

let agent: TestAgent;
beforeAll(async () => {
  agent = await startAgent();
  writeFileSync(join(agent.workspace, 'mine'), 'kept');
});
afterAll(() => agent[Symbol.asyncDispose]());

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** Unpacks with the service, which must refuse and leave nothing. */
async function refusalOf(zip: Buffer, limits: Partial<ZipLimits> = {}): Promise<{ code: string; message: string }> {
  const signal = AbortSignal.timeout(20_000);
  const unzip = agent.agent.archive.unzip('' as never, once(zip), { ...DEFAULT_ZIP_LIMITS, ...limits }, signal);
  const error = await unzip.then(
    () => ({ code: 'ACCEPTED', message: '' }),
    (reason: unknown) => reason as { code: string; message: string },
  );
  expect(readdirSync(agent.workspace)).toEqual(['mine']);
  expect(readFileSync(join(agent.workspace, 'mine'), 'utf8')).toBe('kept');
  expect(readdirSync(join(agent.home, '.rose/archive'))).toEqual([]);
  return { code: error.code, message: error.message };
}

async function expectRefused(entries: HostileEntry[], problem: RegExp): Promise<void> {
  const good = { name: 'good', data: 'good' };
  expect(await refusalOf(makeZip([good, ...entries]))).toEqual({
    code: 'ARCHIVE_REFUSED',
    message: expect.stringMatching(problem),
  });
}

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
  await expectRefused([{ name, data: 'evil' }], problem);
});

test('a name that is marked as UTF-8 and is not is refused', async () => {
  await expectRefused([{ name: Buffer.from([0x61, 0xff]), data: 'x' }], /UTF-8/);
});

test('a name hidden in a Unicode extra field is judged like any other', async () => {
  const { crc32 } = await import('node:zlib');
  const field = Buffer.concat([Buffer.from([0x75, 0x70, 0, 0, 1, 0, 0, 0, 0]), Buffer.from('../evil')]);
  field.writeUInt16LE(field.length - 4, 2);
  field.writeUInt32LE(crc32(Buffer.from('fine')), 5);
  await expectRefused([{ name: 'fine', data: 'x', flags: 0, extra: field }], /component/);
});

test('two entries of one name are refused, of whatever kinds', async () => {
  await expectRefused(
    [
      { name: 'f', data: '1' },
      { name: 'f', data: '2' },
    ],
    /twice/,
  );
  await expectRefused(
    [
      { name: 'f', data: '/etc/passwd', mode: LINK },
      { name: 'f', data: 'evil' },
    ],
    /twice/,
  );
  await expectRefused(
    [
      { name: 'd/', mode: DIRECTORY },
      { name: 'd/', mode: DIRECTORY },
    ],
    /twice/,
  );
  await expectRefused(
    [
      { name: 'd/', mode: DIRECTORY },
      { name: 'd', data: 'x' },
    ],
    /twice/,
  );
});

test('a path that is both a file and a directory is refused', async () => {
  await expectRefused(
    [
      { name: 'a', data: 'x' },
      { name: 'a/b', data: 'y' },
    ],
    /both a file and a directory/,
  );
  await expectRefused(
    [
      { name: 'a/b', data: 'y' },
      { name: 'a', data: 'x' },
    ],
    /both a file and a directory/,
  );
  await expectRefused([{ name: 'a/', data: 'x', mode: FILE }], /both a file and a directory/);
  await expectRefused([{ name: 'a/', data: 'content', mode: DIRECTORY }], /directory with content/);
});

test('a file behind a link is refused', async () => {
  await expectRefused(
    [
      { name: 'l', data: '..', mode: LINK },
      { name: 'l/evil', data: 'x' },
    ],
    /both a symlink/,
  );
  await expectRefused(
    [
      { name: 'l', data: 'd', mode: LINK },
      { name: 'd/', mode: DIRECTORY },
      { name: 'l/x', data: '' },
    ],
    /both a symlink/,
  );
});

test('a link that leads out is refused, also by way of other links', async () => {
  for (const target of ['/etc/passwd', '/']) await expectRefused([{ name: 'l', data: target, mode: LINK }], /absolute/);
  for (const target of ['..', '../x', 'a/../../x', './/../y']) {
    await expectRefused([{ name: 'l', data: target, mode: LINK }], /leads out/);
  }
  const toRoot = { name: 'x/root', data: '..', mode: LINK };
  await expectRefused([toRoot, { name: 'x/l', data: 'root/../etc', mode: LINK }], /leads out/);
  await expectRefused(
    [toRoot, { name: 'x/m', data: 'n', mode: LINK }, { name: 'x/n', data: 'root/..', mode: LINK }],
    /leads out/,
  );
  await expectRefused(
    [
      { name: 'a', data: 'b', mode: LINK },
      { name: 'b', data: 'a', mode: LINK },
    ],
    /circles/,
  );
  await expectRefused([{ name: 'l', data: '', mode: LINK }], /impossible length/);
  await expectRefused([{ name: 'l', data: 'x'.repeat(4096), mode: LINK }], /impossible length/);
  await expectRefused([{ name: 'l', data: 'a\0b', mode: LINK }], /to nothing/);
});

test('devices, FIFOs and sockets are refused', async () => {
  for (const type of [0o010000, 0o020000, 0o060000, 0o140000]) {
    await expectRefused([{ name: 'special', mode: type | 0o666 }], /neither file/);
  }
});

test('encrypted entries and unknown methods are refused', async () => {
  await expectRefused([{ name: 'e', data: 'secret', flags: 0x801 }], /encrypted/);
  await expectRefused([{ name: 'e', data: 'secret', flags: 0x840 }], /encrypt/);
  for (const method of [1, 9, 12, 14, 93, 99]) {
    await expectRefused([{ name: 'm', data: 'x', method, packed: Buffer.from('x') }], new RegExp(`method ${method}`));
  }
});

test('sizes that lie are refused before anything is written', async () => {
  const zeros = Buffer.alloc(5000);
  await expectRefused([{ name: 's', data: zeros, size: 10 }], /larger than its header says/);
  await expectRefused([{ name: 's', data: zeros, size: 6000 }], /not as large/);
  await expectRefused([{ name: 's', data: 'stored', method: 0, size: 3 }], /size mismatch/);
  const huge = Buffer.alloc(6 * 1024 * 1024);
  await expectRefused([{ name: 's', data: huge, size: 5 * 1024 * 1024 }], /larger than its header says/);
  await expectRefused([{ name: 's', data: huge, size: 7 * 1024 * 1024 }], /not as large/);
  await expectRefused([{ name: 's', data: zeros, compressedSize: 100_000 }], /cut off/);
  await expectRefused(
    [{ name: 's', data: 'x', packed: Buffer.concat([deflateRawSync(Buffer.from('x')), zeros]) }],
    /bytes after/,
  );
});

test('wrong checksums and damaged data are found', async () => {
  await expectRefused([{ name: 'c', data: 'content', crc: 1 }], /checksum/);
  await expectRefused([{ name: 'c', data: 'content', method: 0, crc: 1 }], /checksum/);
  await expectRefused([{ name: 'c', data: Buffer.alloc(5 * 1024 * 1024, 'ab'), crc: 1 }], /checksum/);
  await expectRefused([{ name: 'c', data: 'content', packed: Buffer.from('no deflate') }], /damaged/);
});

test('a flipped bit in 200 places of a zip is found in 200 of 200', async () => {
  const zip = makeZip([
    { name: 'text', data: 'The quick brown fox jumps over the lazy dog. '.repeat(20) },
    { name: 'stored', data: Buffer.from(Array.from({ length: 500 }, (_, i) => i & 0xff)), method: 0 },
  ]);
  const content = [...Array(zip.length).keys()].filter((at) => at >= 34 && at < zip.length - 22);
  let found = 0;
  for (let round = 0; round < 200; round += 1) {
    const damaged = Buffer.from(zip);
    const at = content[Math.floor((round * content.length) / 200)]!;
    damaged[at]! ^= 1 << (round % 8);
    if (isHarmless(zip, at)) found += 1;
    else if ((await refusalOf(damaged)).code === 'ARCHIVE_REFUSED') found += 1;
  }
  expect(found).toBe(200);
});

/** Bytes that nobody reads, or whose change makes another valid zip: times, versions, modes, local sizes. */
function isHarmless(zip: Buffer, at: number): boolean {
  for (let start = zip.indexOf('PK'); start >= 0; start = zip.indexOf('PK', start + 1)) {
    const local = zip.readUInt32LE(start) === 0x04034b50;
    const central = zip.readUInt32LE(start) === 0x02014b50;
    const within = at - start;
    if (local && ((within >= 4 && within < 8) || (within >= 10 && within < 26))) return true;
    if (central && ((within >= 4 && within < 10) || (within >= 12 && within < 16) || (within >= 32 && within < 42)))
      return true;
  }
  return false;
}

test('bombs are stopped by size, ratio and number before they are unpacked', async () => {
  const bomb = makeZip([{ name: 'zeros', data: Buffer.alloc(64 * 1024 * 1024) }]);
  expect(bomb.length).toBeLessThan(100_000);
  expect(await refusalOf(bomb)).toMatchObject({ code: 'ARCHIVE_REFUSED', message: expect.stringContaining('ratio') });
  const wide = makeZip(Array.from({ length: 40 }, (_, i) => ({ name: `z${i}`, data: Buffer.alloc(1024 * 1024) })));
  expect(await refusalOf(wide)).toMatchObject({ message: expect.stringContaining('ratio') });
  expect(await refusalOf(wide, { ratio: 2000, unpackedBytes: 1024 * 1024 })).toMatchObject({
    message: expect.stringContaining('unpacked size'),
  });
  expect(await refusalOf(wide, { ratio: 2000, entries: 39 })).toMatchObject({
    message: expect.stringContaining('entries'),
  });
  const deep = makeZip([{ name: `${'d/'.repeat(50)}f`, data: 'x' }]);
  expect(await refusalOf(deep, { entries: 50 })).toMatchObject({ message: expect.stringContaining('entries') });
  expect(await refusalOf(wide, { zipBytes: 1000 })).toMatchObject({ code: 'TOO_LARGE' });
});

test('a lie about 20 GiB costs neither time nor space', async () => {
  const started = Date.now();
  const lie = makeZip([{ name: 'l', data: 'tiny', size: 0xffff_fff0 }], {});
  expect(await refusalOf(lie)).toMatchObject({ code: 'ARCHIVE_REFUSED' });
  expect(Date.now() - started).toBeLessThan(5000);
});

test('entries that share bytes are refused', async () => {
  const packed = deflateRawSync(Buffer.from('shared'));
  const shared = { data: 'shared', packed };
  await expectRefused(
    [
      { name: 'one', ...shared },
      { name: 'two', localName: 'two', ...shared, offset: 4 },
    ],
    /overlaps|agree/,
  );
  const quoting = makeZip([
    { name: 'a', data: Buffer.alloc(100), method: 0 },
    { name: 'a', data: 'x', offset: 0 },
  ]);
  expect((await refusalOf(quoting)).code).toBe('ARCHIVE_REFUSED');
});

test('headers that do not agree are refused', async () => {
  await expectRefused([{ name: 'seen', localName: 'real', data: 'x' }], /do not agree/);
  await expectRefused([{ name: 'seen', localName: 'longer name', data: 'x' }], /do not agree/);
  await expectRefused([{ name: 'seen', localMethod: 0, data: 'x' }], /do not agree/);
  await expectRefused([{ name: 'seen', data: 'x', offset: 999_999 }], /do not agree|cut off/);
});

test('a wrong count, several disks, zip64 nonsense and what is no zip at all are refused', async () => {
  const three = [
    { name: 'a', data: 'x' },
    { name: 'b', data: 'y' },
    { name: 'c', data: 'z' },
  ];
  const whole = makeZip(three);
  const cases = [
    makeZip(three, { count: 1 }),
    makeZip(three, { count: 9 }),
    makeZip(three, { disk: 3 }),
    makeZip(three, { zip64: { count: 2n ** 63n, offset: 0n } }),
    makeZip(three, { zip64: { count: 3n, offset: 2n ** 62n } }),
    makeZip(three, { zip64: { count: 3n, offset: 0n } }),
    makeZip(three, { prefix: Buffer.alloc(100), zip64: { count: 3n, offset: 100n } }),
    makeZip(three, { comment: Buffer.from(`PK\x05\x06${'in the comment '.repeat(3)}`) }),
    whole.subarray(0, -1),
    whole.subarray(0, 50),
    Buffer.concat([whole, Buffer.from('trailing')]),
    Buffer.from('no zip'),
    Buffer.alloc(0),
    Buffer.alloc(100_000, 'PK'),
  ];
  for (const [index, zip] of cases.entries()) {
    expect([index, (await refusalOf(zip)).code]).toEqual([index, 'ARCHIVE_REFUSED']);
  }
});

test('a link in the workspace lets no zip write through it', async () => {
  await using other = await startAgent();
  const outside = join(other.home, 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(other.workspace, 'd'));
  const zip = makeZip([{ name: 'd/evil', data: 'x' }]);
  const unzip = other.agent.archive.unzip('' as never, once(zip), DEFAULT_ZIP_LIMITS, AbortSignal.timeout(20_000));
  await expect(unzip).rejects.toMatchObject({ code: 'CONFLICT' });
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
  await other.agent.archive.unzip('' as never, once(zip), DEFAULT_ZIP_LIMITS, AbortSignal.timeout(20_000));
  const modes = await Promise.all(
    ['d', 'd/suid', 'd/none', 'dos'].map(async (path) => (await other.query('files.stat', { path })).mode),
  );
  expect(modes).toEqual([0o555, 0o755, 0, 0o644]);
});
