import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { useRefusals } from '../../test/use-refusals.ts';
import { makeZip } from '../../test/zip-writer.ts';

const refusals = useRefusals();

test('sizes that lie are refused before anything is written', async () => {
  const zeros = Buffer.alloc(5000);
  await refusals.expect([{ name: 's', data: zeros, size: 10 }], /larger than its header says/);
  await refusals.expect([{ name: 's', data: zeros, size: 6000 }], /not as large/);
  await refusals.expect([{ name: 's', data: 'stored', method: 0, size: 3 }], /size mismatch/);
  const huge = Buffer.alloc(6 * 1024 * 1024);
  await refusals.expect([{ name: 's', data: huge, size: 5 * 1024 * 1024 }], /larger than its header says/);
  await refusals.expect([{ name: 's', data: huge, size: 7 * 1024 * 1024 }], /not as large/);
  await refusals.expect([{ name: 's', data: zeros, compressedSize: 100_000 }], /cut off/);
  await refusals.expect(
    [{ name: 's', data: 'x', packed: Buffer.concat([deflateRawSync(Buffer.from('x')), zeros]) }],
    /bytes after/,
  );
});

test('wrong checksums and damaged data are found', async () => {
  await refusals.expect([{ name: 'c', data: 'content', crc: 1 }], /checksum/);
  await refusals.expect([{ name: 'c', data: 'content', method: 0, crc: 1 }], /checksum/);
  await refusals.expect([{ name: 'c', data: Buffer.alloc(5 * 1024 * 1024, 'ab'), crc: 1 }], /checksum/);
  await refusals.expect([{ name: 'c', data: 'content', packed: Buffer.from('no deflate') }], /damaged/);
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
    else if ((await refusals.of(damaged)).code === 'ARCHIVE_REFUSED') found += 1;
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
  expect(await refusals.of(bomb)).toMatchObject({ code: 'ARCHIVE_REFUSED', message: expect.stringContaining('ratio') });
  const wide = makeZip(Array.from({ length: 40 }, (_, i) => ({ name: `z${i}`, data: Buffer.alloc(1024 * 1024) })));
  expect(await refusals.of(wide)).toMatchObject({ message: expect.stringContaining('ratio') });
  expect(await refusals.of(wide, { ratio: 2000, unpackedBytes: 1024 * 1024 })).toMatchObject({
    message: expect.stringContaining('unpacked size'),
  });
  expect(await refusals.of(wide, { ratio: 2000, entries: 39 })).toMatchObject({
    message: expect.stringContaining('entries'),
  });
  const deep = makeZip([{ name: `${'d/'.repeat(50)}f`, data: 'x' }]);
  expect(await refusals.of(deep, { entries: 50 })).toMatchObject({ message: expect.stringContaining('entries') });
  expect(await refusals.of(wide, { zipBytes: 1000 })).toMatchObject({ code: 'TOO_LARGE' });
});

test('an entry of some bytes that claims 4 GiB is refused', async () => {
  const lie = makeZip([{ name: 'l', data: 'tiny', size: 0xffff_fff0 }], {});
  expect(await refusals.of(lie)).toMatchObject({ code: 'ARCHIVE_REFUSED' });
});

test('entries that share bytes are refused', async () => {
  const packed = deflateRawSync(Buffer.from('shared'));
  const shared = { data: 'shared', packed };
  await refusals.expect(
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
  expect((await refusals.of(quoting)).code).toBe('ARCHIVE_REFUSED');
});

test('headers that do not agree are refused', async () => {
  await refusals.expect([{ name: 'seen', localName: 'real', data: 'x' }], /do not agree/);
  await refusals.expect([{ name: 'seen', localName: 'longer name', data: 'x' }], /do not agree/);
  await refusals.expect([{ name: 'seen', localMethod: 0, data: 'x' }], /do not agree/);
  await refusals.expect([{ name: 'seen', data: 'x', offset: 999_999 }], /do not agree|cut off/);
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
    expect([index, (await refusals.of(zip)).code]).toEqual([index, 'ARCHIVE_REFUSED']);
  }
});
