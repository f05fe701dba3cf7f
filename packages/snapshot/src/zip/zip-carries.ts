import { hasRawBytes } from '../names.ts';
import { toText, type Raw } from '../raw.ts';

const MAX_PATH_BYTES = 65_535;

/** Why a zip made by archiver cannot carry this name or link target; null when it can. */
export function whatZipCannotCarry(path: Raw, target: Raw | null): string | null {
  if (hasRawBytes(toText(path))) return 'its name has bytes that are not UTF-8';
  if (path.includes('\\')) return 'its name has a backslash, which zips take for a slash';
  // archiver takes "x:" at the beginning for a drive and cuts it off.
  if (/^\w+:/.test(path)) return 'its name has a colon where zips have a drive letter';
  if (path.length > MAX_PATH_BYTES) return 'its path is too long';
  if (target !== null && hasRawBytes(toText(target))) return 'the target of the link has bytes that are not UTF-8';
  return null;
}
