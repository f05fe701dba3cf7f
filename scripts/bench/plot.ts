/** Lines over a logarithmic grid, as one SVG that reads in light and in dark. */

export interface Line {
  name: string;
  /** [x, y], both above 0. */
  points: readonly (readonly [number, number])[];
}

export interface Panel {
  title: string;
  xLabel: string;
  yLabel: string;
  lines: readonly Line[];
}

const WIDTH = 380;
const HEIGHT = 260;
const LEFT = 64;
const RIGHT = 12;
const TOP = 34;
const BOTTOM = 44;
const LEGEND = 26;
const COLOURS = ['#d6336c', '#1c7ed6', '#2f9e44', '#e8590c', '#7048e8'];
const INK = '#868e96';

/** The panels in rows of two, under one legend. */
export function plot(panels: readonly Panel[]): string {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const colour = (name: string): string => COLOURS[names.indexOf(name) % COLOURS.length]!;
  const height = LEGEND + Math.ceil(panels.length / 2) * HEIGHT;
  const legend = names.map(
    (name, index) =>
      `<circle cx="${70 + index * 190}" cy="14" r="5" fill="${colour(name)}"/>` +
      `<text x="${80 + index * 190}" y="18">${escapeXml(name)}</text>`,
  );
  const drawn = panels.map(
    (panel, index) =>
      `<g transform="translate(${(index % 2) * WIDTH} ${LEGEND + Math.floor(index / 2) * HEIGHT})">${draw(panel, colour)}</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="${INK}">`,
    ...legend,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

function draw({ title, xLabel, yLabel, lines }: Panel, colour: (name: string) => string): string {
  const all = lines.flatMap(({ points }) => points);
  const x = scale(
    all.map(([value]) => value),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = scale(
    all.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
  );
  const parts = [
    `<text x="${LEFT}" y="20" font-weight="bold">${escapeXml(title)}</text>`,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${xLabel}</text>`,
    `<text transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${yLabel}</text>`,
    ...x.ticks.map((tick) => {
      const at = x.at(tick).toFixed(1);
      return (
        `<path d="M${at} ${TOP}V${HEIGHT - BOTTOM}" stroke="${INK}" stroke-opacity="0.25"/>` +
        `<text x="${at}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${short(tick)}</text>`
      );
    }),
    ...y.ticks.map((tick) => {
      const at = y.at(tick);
      return (
        `<path d="M${LEFT} ${at.toFixed(1)}H${WIDTH - RIGHT}" stroke="${INK}" stroke-opacity="0.25"/>` +
        `<text x="${LEFT - 6}" y="${(at + 4).toFixed(1)}" text-anchor="end">${short(tick)}</text>`
      );
    }),
  ];
  for (const { name, points } of lines) {
    const path = points.map(
      ([px, py], index) => `${index === 0 ? 'M' : 'L'}${x.at(px).toFixed(1)} ${y.at(py).toFixed(1)}`,
    );
    parts.push(`<path d="${path.join('')}" fill="none" stroke="${colour(name)}" stroke-width="2"/>`);
    for (const [px, py] of points)
      parts.push(`<circle cx="${x.at(px).toFixed(1)}" cy="${y.at(py).toFixed(1)}" r="3" fill="${colour(name)}"/>`);
  }
  return parts.join('');
}

/** A logarithmic scale from the power of ten below the least value to the one above the greatest. */
function scale(values: readonly number[], from: number, to: number): { at(value: number): number; ticks: number[] } {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  };
}

function short(value: number): string {
  if (value >= 1e9) return `${value / 1e9} G`;
  if (value >= 1e6) return `${value / 1e6} M`;
  return value >= 1e3 ? `${value / 1e3} k` : String(value);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
