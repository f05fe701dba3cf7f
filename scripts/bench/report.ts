import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Row } from './cases.ts';
import type { Workload } from './tree.ts';

/** The tables of docs/benchmarks.md: what was measured, and RoSE's share of each peer's number. */
export function markdown(
  rows: readonly Row[],
  workload: Workload,
  runs: number,
  peaks: { orchestrator: number; agent: number },
): string {
  const { files, bytes } = workload;
  const lines = [
    '# Benchmarks',
    '',
    'Made by `npm run bench`, which measures RoSE and its peers on the same tree in the same run. Compare ratios, not absolute times.',
    '',
    `Tree: ${files.toLocaleString('en')} files, ${(bytes / 1e6).toFixed(0)} MB (an application with its node_modules). Medians of ${runs} (of 2 for zips).`,
    `Machine: ${os.cpus().length} cores (${os.cpus()[0]?.model.trim() ?? 'unknown'}), ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB, ${release()}, Node ${process.version}; trees and stores on tmpfs.`,
    '',
    '| case | way | measured | RoSE ÷ it |',
    '| --- | --- | ---: | ---: |',
    ...rows.flatMap(rowLines),
    '',
    `Peak memory: orchestrator ${peaks.orchestrator.toFixed(0)} MB, busiest agent ${peaks.agent.toFixed(0)} MB.`,
    '',
  ];
  return lines.join('\n');
}

function rowLines({ case: what, unit, values }: Row): string[] {
  const { rose = Number.NaN, ...peers } = values;
  const own = `| ${what} | **RoSE** | ${amount(rose, unit)} | |`;
  return [
    own,
    ...Object.entries(peers).map(([name, value]) => `| | ${name} | ${amount(value, unit)} | ${ratio(rose, value)} |`),
  ];
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
