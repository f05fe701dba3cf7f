const ZERO_WIDTH = /\p{M}|\p{Cf}/u;
const DOUBLE_WIDTH =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

export interface Column {
  title: string;
  align?: 'left' | 'right';
}

/** Aligned columns under their titles; no space at the ends of lines. */
export function table(columns: Column[], rows: string[][]): string {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, at) => lines.reduce((widest, cells) => Math.max(widest, displayWidth(cells[at]!)), 0));
  return lines
    .map((cells) => {
      const padded = cells.map((cell, at) => {
        const space = ' '.repeat(widths[at]! - displayWidth(cell));
        return columns[at]!.align === 'right' ? space + cell : cell + space;
      });
      return padded.join('  ').trimEnd();
    })
    .join('\n');
}

/** Terminal cells. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += ZERO_WIDTH.test(character) ? 0 : DOUBLE_WIDTH.test(character) ? 2 : 1;
  return width;
}
