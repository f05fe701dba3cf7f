import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { calls, firstSave, growth, loads, saveAgain, type Row, type Setting } from './bench/cases.ts';
import { openHouse } from './bench/house.ts';
import { markdown } from './bench/report.ts';
import { layOut } from './bench/tree.ts';

/**
 * `npm run bench`: RoSE and its peers on the same tree in the same run, written to
 * docs/benchmarks.md. `-- --quick` takes a small part of the tree once and writes nothing: it
 * only shows that the harness works.
 */

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    versions: { type: 'string', default: '50' },
  },
});
const root = path.resolve(import.meta.dirname, '..');
const scratch = mkdtempSync('/dev/shm/rose-bench-');
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const runs = values.quick ? 1 : Number(values.runs);
try {
  const workload = layOut(root, path.join(scratch, 'tree'), values.quick ? 'node_modules/vite' : null);
  log(`${workload.files} files, ${(workload.bytes / 1e6).toFixed(0)} MB in ${workload.folder}`);
  await using house = await openHouse(root, path.join(scratch, 'data'));
  const setting: Setting = { house, workload, scratch, runs, log };
  const rows: Row[] = [
    await firstSave(setting),
    ...(await saveAgain(setting, 0)),
    ...(await saveAgain(setting, 1)),
    ...(await loads(setting)),
    await growth(setting, values.quick ? 3 : Number(values.versions)),
    await calls(setting, values.quick ? 50 : 2000),
  ];
  const report = markdown(rows, workload, runs, { orchestrator: house.orchestratorPeak(), agent: house.agentPeak() });
  process.stdout.write(report);
  if (!values.quick) writeFileSync(path.join(root, 'docs/benchmarks.md'), report);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
