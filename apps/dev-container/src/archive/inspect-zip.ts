import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { ZipLimits } from '@rose/contract';
import type { Raw } from '@rose/snapshot';
import type yauzl from 'yauzl';
import { checkContent, isLinkSize } from './zip-content.ts';
import type { InspectedZip, ZipEntry } from './zip-entry.ts';
import { readZipName } from './zip-names.ts';
import { openCentralDirectory } from './zip-reader.ts';
import { refuseEntry, refuseZip } from './zip-refusal.ts';
import { ZipTree } from './zip-tree.ts';

const ENCRYPTED = 0x1 | 0x40 | 0x2000;
const METHODS: Record<number, ZipEntry['method']> = { 0: 'stored', 8: 'deflate' };
/** What macOS adds for itself; extract-zip leaves it out. */
const IGNORED = '__MACOSX/';
/** Entries looked at before other calls get their turn. */
const SLICE = 500;
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/**
 * Looks at everything in a zip without writing anything: names, links, duplicates, sizes,
 * ratio, overlaps, methods and checksums.
 * @param file absolute path of the zip
 * @throws RoseError ARCHIVE_REFUSED for a zip that breaks a rule, is damaged or over a limit
 */
export async function inspectZip(file: string, limits: ZipLimits, signal: AbortSignal): Promise<InspectedZip> {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = fstatSync(fd);
    requireWithin(size, limits.zipBytes, 'its size in bytes');
    const directory = await openCentralDirectory(fd, size);
    requireWithin(directory.entryCount, limits.entries, 'its number of entries');
    const tree = new ZipTree();
    const sum = { bytes: 0, packed: 0 };
    for await (const found of directory.entries()) {
      if (tree.count % SLICE === 0) await setImmediate(undefined, { signal });
      const entry = checkHeader(found);
      tree.add(entry);
      sum.bytes += entry.size;
      sum.packed += entry.compressedSize;
      requireWithin(sum.bytes, limits.unpackedBytes, 'its unpacked size in bytes');
    }
    requireWithin(tree.size, limits.entries, 'its number of entries');
    if (sum.bytes > limits.ratioAboveBytes) {
      requireWithin(Math.ceil(sum.bytes / Math.max(sum.packed, 1)), limits.ratio, 'its compression ratio');
    }
    tree.checkParents();
    const entries = tree.sorted();
    await checkContent(fd, entries, directory.start, signal);
    for (const entry of entries) if (entry.kind === 'symlink') tree.checkLink(entry);
    const kept = entries.filter(({ yauzlName }) => !yauzlName.startsWith(IGNORED));
    return { entries: kept, bytes: sum.bytes, ignored: entries.length - kept.length };
  } finally {
    closeSync(fd);
  }
}

function checkHeader(found: yauzl.Entry): ZipEntry {
  const { path, endsWithSlash, yauzlName } = readZipName(found);
  const method = METHODS[found.compressionMethod];
  if (method === undefined)
    throw refuseEntry(path, `is packed by method ${found.compressionMethod}, not stored or deflate`);
  if ((found.generalPurposeBitFlag & ENCRYPTED) !== 0) throw refuseEntry(path, 'is encrypted');
  const kind = kindOf(found, path, endsWithSlash);
  if (kind === 'directory' && found.uncompressedSize !== 0) throw refuseEntry(path, 'is a directory with content');
  if (kind === 'symlink' && !isLinkSize(found.uncompressedSize))
    throw refuseEntry(path, 'is a symbolic link of impossible length');
  const given = (found.externalFileAttributes >>> 16) & 0o777;
  return {
    path,
    yauzlName,
    kind,
    method,
    mode: given !== 0 || hasUnixMode(found) ? given : kind === 'directory' ? DIRECTORY_MODE : FILE_MODE,
    mtimeSeconds: Math.floor(found.getLastModDate({ timezone: 'UTC' }).getTime() / 1000),
    size: found.uncompressedSize,
    compressedSize: found.compressedSize,
    crc32: found.crc32,
    offset: found.relativeOffsetOfLocalHeader,
    rawName: found.fileNameRaw,
    target: '' as Raw,
  };
}

const typeBits = (entry: yauzl.Entry): number => (entry.externalFileAttributes >>> 16) & 0o170000;
const hasUnixMode = (entry: yauzl.Entry): boolean => typeBits(entry) !== 0;

/** As extract-zip decides it, but what contradicts itself is refused. */
function kindOf(entry: yauzl.Entry, path: Raw, endsWithSlash: boolean): ZipEntry['kind'] {
  switch (typeBits(entry)) {
    case 0o040000:
      return 'directory';
    case 0o100000:
      if (endsWithSlash) throw refuseEntry(path, 'is both a file and a directory');
      return 'file';
    case 0o120000:
      if (endsWithSlash) throw refuseEntry(path, 'is both a symlink and a directory');
      return 'symlink';
    case 0: {
      const dosDirectory = entry.versionMadeBy >> 8 === 0 && entry.externalFileAttributes === 0x10;
      return endsWithSlash || dosDirectory ? 'directory' : 'file';
    }
    default:
      throw refuseEntry(path, 'is neither file, directory nor symbolic link');
  }
}

function requireWithin(value: number, allowed: number, what: string): void {
  if (value > allowed) throw refuseZip(`${what} is ${value}, at most ${allowed} is allowed`);
}
