import { RoseError } from '@rose/contract';
import { toText, type Raw } from '@rose/snapshot';
import { quote } from '../files/disk-failures.ts';

/** The whole zip is refused, because of what is wrong with `path`. */
export function refuseEntry(path: Raw, problem: string): RoseError {
  return new RoseError('ARCHIVE_REFUSED', `The zip is refused: ${quote(path)} ${problem}.`, { path: toText(path) });
}

/** The whole zip is refused, for itself. */
export function refuseZip(problem: string, cause?: unknown): RoseError {
  return new RoseError('ARCHIVE_REFUSED', `The zip is refused: ${problem}.`, {}, { cause });
}
