import { isUtf8 } from 'node:buffer';
import { fromText, rawFromBytes, type Raw } from '@rose/snapshot';
import yauzl from 'yauzl';
import { refuseEntry, refuseZip } from './zip-refusal.ts';

const UTF8_FLAG = 0x800;
const UNICODE_PATH = 0x7075;
/** `version made by`: Unix, macOS. */
const UNIX = [3, 19];
const MAX_NAME_BYTES = 255;
/** Leaves room for the staging directory within Linux's 4096. */
const MAX_PATH_BYTES = 3500;

export interface ZipName {
  /** Without a slash at the end. */
  path: Raw;
  endsWithSlash: boolean;
  yauzlName: string;
}

/**
 * The name of an entry as Info-ZIP reads it: UTF-8 where the zip says so, the bytes as they
 * are when it was made on Unix, CP437 else. yauzl knows only the first and the last, so its
 * name may be another one: for UTF-8 that is not marked (`zip` in the C locale) and for
 * control characters, which CP437 turns into symbols.
 * @throws RoseError ARCHIVE_REFUSED for a name that is not a clean relative path
 */
export function readZipName(entry: yauzl.Entry): ZipName {
  const bytes = entry.fileNameRaw;
  const unicode = entry.extraFields.find((field) => field.id === UNICODE_PATH);
  const yauzlName = yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, bytes, entry.extraFields, true);
  const asIs = unicode === undefined && (UNIX.includes(entry.versionMadeBy >> 8) || bytes.every((byte) => byte < 0x80));
  const full = asIs ? rawFromBytes(bytes) : fromText(yauzlName.toWellFormed());
  const damaged =
    ((entry.generalPurposeBitFlag & UTF8_FLAG) !== 0 && !isUtf8(bytes)) ||
    (unicode !== undefined && !isUtf8(unicode.data.subarray(5)));
  const problem = damaged
    ? 'is marked as UTF-8 and is not'
    : problemOf(full, fromText(yauzlName.toWellFormed()), bytes);
  if (problem !== null) throw full === '' ? refuseZip('an entry has no name') : refuseEntry(full, problem);
  const endsWithSlash = full.endsWith('/');
  return { path: (endsWithSlash ? full.slice(0, -1) : full) as Raw, endsWithSlash, yauzlName };
}

function problemOf(name: Raw, asYauzl: Raw, bytes: Buffer): string | null {
  if (name === '') return 'is empty';
  if (name.includes('\0') || asYauzl.includes('\0') || bytes.includes(0)) return 'has a NUL in its name';
  if (name.includes('\\') || bytes.includes(0x5c)) return 'has a backslash in its name';
  if (name.startsWith('/')) return 'is an absolute path';
  if (/^[A-Za-z]:/.test(name)) return 'starts with a drive letter';
  const parts = name.replace(/\/$/, '').split('/');
  if (parts.includes('')) return 'has an empty name between slashes';
  if (parts.includes('.') || parts.includes('..')) return 'has a component "." or ".."';
  const tooLong = (part: string): boolean => part.length > MAX_NAME_BYTES;
  if (parts.some(tooLong) || asYauzl.split('/').some(tooLong)) return `has a name of more than ${MAX_NAME_BYTES} bytes`;
  if (Math.max(name.length, asYauzl.length) > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`;
  return null;
}
