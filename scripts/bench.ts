import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { calls } from './bench/calls.ts';
import { firstSave, loads, manyVersions, saveAgain } from './bench/cases.ts';
import { growth, type Point } from './bench/growth.ts';
import { history } from './bench/history.ts';
import { openHouse } from './bench/house.ts';
import { memory } from './bench/memory.ts';
import { installed, leaveOut } from './bench/peers.ts';
import { growthPlot, growthTables, machine, publish, table } from './bench/report.ts';
import type { Row, Setting } from './bench/setting.ts';
import { canStart, starts } from './bench/starts.ts';
import { layOut, layOutFiles } from './bench/tree.ts';

/**
 * `npm run bench`: RoSE and its peers on the same tree in the same run, printed and put into
 * docs/benchmarks.md. Without a name it measures `table`, `history`, `calls` and, where ROSE_BASE_IMAGE is set and an
 * engine answers, `starts`; `-- growth` and `-- memory` take longer. `-- --quick` takes a small part of
 * everything once and publishes nothing: it only shows that the harness works. `--without zip` leaves out the
 * peers of that name, which take most of the time.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    versions: { type: 'string', default: '50' },
    files: { type: 'string', default: '1000,10000,100000' },
    without: { type: 'string', default: [], multiple: true },
  },
});
const { quick } = values;
const root = path.resolve(import.meta.dirname, '..');
const runs = quick ? 1 : Number(values.runs);
/** A few files for a quick run. */
const part = quick ? 'node_modules/vite' : null;
leaveOut(values.without);
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const scratch = mkdtempSync('/dev/shm/rose-bench-');

const sections: Record<string, () => Promise<string>> = {
  async table() {
    const workload = layOut(root, path.join(scratch, 'tree'), part);
    const about = `Tree: ${workload.files.toLocaleString('en')} files, ${(workload.bytes / 1e6).toFixed(0)} MB (an application with its node_modules). Medians of ${runs}${installed().some(({ keepsWholes }) => keepsWholes) ? ' (of 2 for zips)' : ''}.`;
    log(about);
    await using house = await openHouse(root, path.join(scratch, 'data'));
    const setting: Setting = { house, workload, scratch, runs, log };
    const rows: Row[] = [
      await firstSave(setting),
      ...(await saveAgain(setting, 0)),
      ...(await saveAgain(setting, 1)),
      ...(await loads(setting)),
      await manyVersions(setting, quick ? 3 : Number(values.versions)),
      {
        case: 'peak memory of the orchestrator in this run',
        unit: 'MB',
        values: { rose: house.orchestratorPeak() },
        most: 400,
      },
      {
        case: 'peak memory of the busiest agent in this run',
        unit: 'MB',
        values: { rose: house.agentPeak() },
        most: 400,
      },
    ];
    return `${about}\n\n${table(rows)}`;
  },

  async history() {
    await using house = await openHouse(root, path.join(scratch, 'history-data'));
    return table([await history(root, { house, scratch, log }, quick ? 3 : 100)]);
  },

  async calls() {
    await using house = await openHouse(root, path.join(scratch, 'calls-data'));
    return table(await calls(root, scratch, house, quick ? 50 : 3000));
  },

  async starts() {
    return table(await starts(root, scratch, quick ? 1 : 10));
  },

  async growth() {
    const points: Point[] = [];
    for (const files of quick ? [500, 1000] : values.files.split(',').map(Number)) {
      const folder = path.join(scratch, `grow-${files}`);
      const workload = layOutFiles(root, folder, files);
      await using house = await openHouse(root, path.join(scratch, `grow-data-${files}`));
      points.push(...(await growth({ house, workload, scratch, runs, log }, quick ? [1, 2] : [1, 10, 100])));
      rmSync(folder, { recursive: true });
    }
    const drawing = growthPlot(points);
    if (!quick) writeFileSync(path.join(root, 'docs/growth.svg'), drawing);
    return growthTables(points);
  },

  async memory() {
    return table(await memory(root, part, quick ? 50 : 4500, log));
  },
};

const usual = ['table', 'history', 'calls', ...(canStart() ? ['starts'] : [])];
try {
  for (const name of positionals.length > 0 ? positionals : usual) {
    const measure = sections[name];
    if (measure === undefined) throw new Error(`"${name}" is none of ${Object.keys(sections).join(', ')}.`);
    const text = `Measured ${machine()}.\n\n${await measure()}\n`;
    process.stdout.write(`${text}\n`);
    if (!quick) publish(path.join(root, 'docs/benchmarks.md'), name, text);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
