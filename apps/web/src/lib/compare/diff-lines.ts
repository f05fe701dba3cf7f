import type { Hunk } from '@rose/contract';

/** One row of a line diff; a gap stands for the lines between two hunks. */
export type DiffRow =
  | { kind: 'gap'; text: string }
  | { kind: 'same' | 'added' | 'removed' | 'note'; before: number | null; after: number | null; text: string };

/** Hunks as rows, each line with its number on either side. */
export function rowsOf(hunks: readonly Hunk[]): DiffRow[] {
  return hunks.flatMap((hunk) => [{ kind: 'gap', text: headOf(hunk) }, ...linesOf(hunk)] satisfies DiffRow[]);
}

function headOf({ oldStart, oldLines, newStart, newLines }: Hunk): string {
  return `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`;
}

function linesOf({ oldStart, newStart, lines }: Hunk): DiffRow[] {
  let before = oldStart;
  let after = newStart;
  return lines.map((line): DiffRow => {
    const text = line.slice(1);
    switch (line[0]) {
      case '+':
        return { kind: 'added', before: null, after: after++, text };
      case '-':
        return { kind: 'removed', before: before++, after: null, text };
      case ' ':
        return { kind: 'same', before: before++, after: after++, text };
      default:
        // "\ No newline at end of file"
        return { kind: 'note', before: null, after: null, text: text.trim() };
    }
  });
}
