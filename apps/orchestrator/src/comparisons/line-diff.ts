import type { FileComparison } from '@rose/contract';
import { isText } from '@rose/snapshot';
import { structuredPatch } from 'diff';

/** Larger files are compared by size only. */
export const MAX_TEXT_BYTES = 2 * 1024 * 1024;
const CONTEXT_LINES = 3;
/** Two texts that have little in common take long and tell little. */
const TIME_LIMIT_MS = 2000;

/** Lines that differ, if both sides are text. null: the file is not on that side. */
export function compareBytes(before: Buffer | null, after: Buffer | null): FileComparison {
  if (before !== null && after !== null && before.equals(after)) return { kind: 'same' };
  const binary: FileComparison = {
    kind: 'binary',
    sizeBefore: before?.length ?? null,
    sizeAfter: after?.length ?? null,
  };
  if ([before, after].some((side) => side !== null && !isText(side))) return binary;
  const options = { context: CONTEXT_LINES, timeout: TIME_LIMIT_MS };
  const patch = structuredPatch(
    'a',
    'b',
    before?.toString('utf8') ?? '',
    after?.toString('utf8') ?? '',
    '',
    '',
    options,
  );
  if (patch === undefined) return binary;
  const hunks = patch.hunks.map(({ oldStart, oldLines, newStart, newLines, lines }) => ({
    oldStart,
    oldLines,
    newStart,
    newLines,
    lines,
  }));
  return { kind: 'text', hunks };
}
