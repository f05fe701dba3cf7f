import type { Difference, Hunk } from '@rose/contract';
import { escapeName, escapeText } from './escape.ts';
import { bytesText, modeText } from './units.ts';

/** One line for people: what happened to a path. */
export function differenceText({
  path,
  change,
  kind,
  from,
  sizeBefore,
  sizeAfter,
  modeBefore,
  modeAfter,
}: Difference): string {
  const name = `${change.padEnd(8)} ${escapeName(path)}${kind === 'directory' ? '/' : ''}`;
  switch (change) {
    case 'renamed':
      return `${name} (from ${escapeName(from ?? '')})`;
    case 'mode':
      return `${name} (${modeText(kind, modeBefore ?? 0)} → ${modeText(kind, modeAfter ?? 0)})`;
    case 'changed':
      return kind === 'file' ? `${name} (${bytesText(sizeBefore ?? 0)} → ${bytesText(sizeAfter ?? 0)})` : name;
    default:
      return name;
  }
}

/** As in a unified diff, control characters escaped. */
export function hunkText({ oldStart, oldLines, newStart, newLines, lines }: Hunk): string {
  const head = `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`;
  return [head, ...lines.map((line) => line.slice(0, 1) + escapeText(line.slice(1)))]
    .map((line) => `  ${line}\n`)
    .join('');
}
