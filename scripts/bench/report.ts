import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { GROWTH_CASES, type GrowthCase, type Point } from './growth.ts';
import { plot, type Panel } from './plot.ts';
import { ROSE, type Row } from './setting.ts';

/** Puts what was measured between the marks of its section in docs/benchmarks.md; the words around it stay. */
export function publish(file: string, section: string, text: string): void {
  const before = readFileSync(file, 'utf8');
  const [start, end] = [`<!-- ${section} -->\n`, `<!-- end of ${section} -->`];
  const from = before.indexOf(start);
  const to = before.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${file} has no section "${section}".`);
  writeFileSync(file, before.slice(0, from + start.length) + `\n${text}\n` + before.slice(to));
}

/** What was measured, RoSE's share of each peer's number, and whether design §11's bound is kept. */
export function table(rows: readonly Row[]): string {
  return [
    '| case | way | measured | RoSE ÷ it | at most | |',
    '| --- | --- | ---: | ---: | ---: | --- |',
    ...rows.flatMap(linesOf),
  ].join('\n');
}

export function machine(): string {
  const [cpu] = os.cpus();
  const memory = (os.totalmem() / 2 ** 30).toFixed(0);
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${os.cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${memory} GiB, ${release()}, Linux ${os.release()}, Node ${process.version}`;
}

function linesOf({ case: what, unit, values, targets = {}, most }: Row): string[] {
  const { [ROSE]: rose = Number.NaN, ...peers } = values;
  const bound = most === undefined ? '| |' : `${amount(most, unit)} | ${verdict(rose <= most)} |`;
  return [
    `| ${what} | **RoSE** | ${amount(rose, unit)} | | ${bound}`,
    ...Object.entries(peers).map(([name, value]) => {
      const target = targets[name];
      const isKept = value > 0 ? rose / value <= (target ?? Infinity) : rose <= value;
      const judged = target === undefined ? '| |' : `${target} | ${Number.isNaN(value) ? '–' : verdict(isKept)} |`;
      return `| | ${name} | ${amount(value, unit)} | ${ratio(rose, value)} | ${judged}`;
    }),
  ];
}

function verdict(isKept: boolean): string {
  return isKept ? 'kept' : '**missed**';
}

function amount(value: number, unit: Row['unit']): string {
  if (Number.isNaN(value)) return 'fails';
  return `${value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en')} ${unit}`;
}

function ratio(rose: number, peer: number): string {
  return Number.isNaN(peer) || peer <= 0 ? '–' : (rose / peer).toFixed(2);
}

function release(): string {
  return /PRETTY_NAME="([^"]+)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? os.release();
}

/** One table a case: rows by files, columns by versions, each cell RoSE's number and its share of the peers'. */
export function growthTables(points: readonly Point[]): string {
  return GROWTH_CASES.map((what) => growthTable(points, what)).join('\n\n');
}

function growthTable(points: readonly Point[], what: GrowthCase): string {
  const measured = points.filter(({ values }) => values[what] !== undefined);
  const versions = unique(measured.map((point) => point.versions));
  const ways = unique(measured.map(({ way }) => way));
  const unit = what === 'bytes stored' ? 'bytes' : 'ms';
  const lines = unique(measured.map(({ files }) => files)).flatMap((files) =>
    ways.map((way) => {
      const cells = versions.map((count) => {
        const valueOf = (name: string): number =>
          measured.find((point) => point.way === name && point.files === files && point.versions === count)?.values[
            what
          ] ?? Number.NaN;
        const own = amount(valueOf(way), unit);
        return way === ROSE ? own : `${own} (${ratio(valueOf(ROSE), valueOf(way))})`;
      });
      return `| ${files.toLocaleString('en')} | ${way === ROSE ? '**RoSE**' : way} | ${cells.join(' | ')} |`;
    }),
  );
  return [
    `**${what}**, after so many versions (in brackets: RoSE ÷ it)`,
    '',
    `| files | way | ${versions.join(' | ')} |`,
    `| ---: | --- | ${versions.map(() => '---:').join(' | ')} |`,
    ...lines,
  ].join('\n');
}

/** Each case over the number of files, at the most versions; saves over the number of versions, at the most files. */
export function growthPlot(points: readonly Point[]): string {
  const mostVersions = Math.max(...points.map(({ versions }) => versions));
  const mostFiles = Math.max(...points.map(({ files }) => files));
  const panel = (what: GrowthCase, over: 'files' | 'versions'): Panel => {
    const seen = points.filter((point) =>
      over === 'files' ? what === 'first save' || point.versions === mostVersions : point.files === mostFiles,
    );
    return {
      title: `${what}, ${over === 'files' ? `${what === 'first save' ? 1 : mostVersions} versions` : `${mostFiles} files`}`,
      xLabel: over,
      yLabel: what === 'bytes stored' ? 'bytes' : 'ms',
      lines: unique(seen.map(({ way }) => way)).map((way) => ({
        name: way === ROSE ? 'RoSE' : way,
        points: seen
          .filter((point) => point.way === way && point.values[what] !== undefined)
          .map((point) => [point[over], point.values[what]!] as const),
      })),
    };
  };
  return plot([
    panel('first save', 'files'),
    panel('cold load', 'files'),
    panel('save after 1 changed file', 'files'),
    panel('load that differs by 20 files', 'files'),
    panel('save after 1 changed file', 'versions'),
    panel('bytes stored', 'versions'),
  ]);
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
