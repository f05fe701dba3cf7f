import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of a zip that may lie about everything. */
export interface HostileEntry {
  name: string | Buffer;
  data?: Buffer | string;
  /** Type and permission bits; 0 = none given. */
  mode?: number;
  method?: number;
  flags?: number;
  crc?: number;
  /** What the headers say, in place of the truth. */
  size?: number;
  compressedSize?: number;
  /** Bytes that are there, in place of the packed data. */
  packed?: Buffer;
  /** Name in the local header, if another one. */
  localName?: string | Buffer;
  localMethod?: number;
  /** Offset in the central directory, in place of the true one. */
  offset?: number;
  extra?: Buffer;
  madeBy?: number;
}

export interface HostileZip {
  /** Number of entries that the end record tells. */
  count?: number;
  comment?: Buffer;
  /** Bytes before the first entry. */
  prefix?: Buffer;
  disk?: number;
  /** A zip64 end record with these values. */
  zip64?: { count: bigint; offset: bigint };
}

export const FILE = 0o100644;
export const LINK = 0o120777;
export const DIRECTORY = 0o040755;
const UTF8 = 0x800;

/** Writes a zip byte by byte. */
export function makeZip(entries: HostileEntry[], options: HostileZip = {}): Buffer {
  const local: Buffer[] = [options.prefix ?? Buffer.alloc(0)];
  const central: Buffer[] = [];
  let offset = local[0]!.length;
  for (const entry of entries) {
    const name = Buffer.from(entry.name as string);
    const data = Buffer.from((entry.data as string) ?? '');
    const method = entry.method ?? (data.length > 0 ? 8 : 0);
    const packed = entry.packed ?? (method === 8 ? deflateRawSync(data) : data);
    const fixed = Buffer.alloc(22);
    fixed.writeUInt16LE(entry.flags ?? UTF8, 0);
    fixed.writeUInt16LE(method, 2);
    fixed.writeUInt32LE(0x5a21_0000, 4);
    fixed.writeUInt32LE(entry.crc ?? crc32(data), 8);
    fixed.writeUInt32LE(entry.compressedSize ?? packed.length, 12);
    fixed.writeUInt32LE(entry.size ?? data.length, 16);
    fixed.writeUInt16LE(name.length, 20);
    const localName = Buffer.from((entry.localName as string) ?? name);
    const localFixed = Buffer.from(fixed);
    localFixed.writeUInt16LE(entry.localMethod ?? method, 2);
    localFixed.writeUInt16LE(localName.length, 20);
    local.push(u32(0x04034b50), u16(20), localFixed, u16(0), localName, packed);
    const extra = entry.extra ?? Buffer.alloc(0);
    central.push(
      u32(0x02014b50),
      u16(entry.madeBy ?? (3 << 8) | 20),
      u16(20),
      fixed,
      u16(extra.length),
      u16(0),
      u16(0),
      u16(0),
      u32(((entry.mode ?? FILE) << 16) >>> 0),
      u32(entry.offset ?? offset),
      name,
      extra,
    );
    offset += 30 + localName.length + packed.length;
  }
  const directory = Buffer.concat(central);
  return Buffer.concat([...local, directory, ...end(entries.length, offset, directory.length, options)]);
}

function end(count: number, offset: number, size: number, { zip64, comment, disk, ...options }: HostileZip): Buffer[] {
  const parts: Buffer[] = [];
  if (zip64 !== undefined) {
    const record = Buffer.alloc(56);
    record.writeUInt32LE(0x06064b50, 0);
    record.writeBigUInt64LE(44n, 4);
    record.writeBigUInt64LE(zip64.count, 24);
    record.writeBigUInt64LE(zip64.count, 32);
    record.writeBigUInt64LE(BigInt(size), 40);
    record.writeBigUInt64LE(zip64.offset, 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(offset + size), 8);
    locator.writeUInt32LE(1, 16);
    parts.push(record, locator);
  }
  const told = options.count ?? count;
  parts.push(u32(0x06054b50), u16(disk ?? 0), u16(0), u16(told), u16(told), u32(size), u32(offset));
  parts.push(u16(comment?.length ?? 0), comment ?? Buffer.alloc(0));
  return parts;
}

function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value & 0xffff);
  return buffer;
}

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0);
  return buffer;
}
