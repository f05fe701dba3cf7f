import { House } from './kill/house.ts';
import { Crowd } from './lifecycle/crowd.ts';
import { rssMiBOf } from './lifecycle/footprint.ts';
import { houseOptions } from './lifecycle/setting.ts';

/**
 * `node scripts/crowd-test.ts [PROJECTS]`: as many projects at the same time (default 50) with the runtime that
 * ROSE_RUNTIME names, a command in each, and what they take while they are idle and while they are paused.
 */

const [projects = 50] = process.argv.slice(2).map(Number);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const quartiles = (took: number[]): string =>
  [0.5, 0.95].map((part) => `${Math.round(took[Math.floor(took.length * part)]!)} ms`).join(', p95 ');

await using house = await House.build(await houseOptions());
const crowd = new Crowd(house);
const alone = rssMiBOf(house.pid);
const startedAt = performance.now();
await crowd.grow(projects);
say(`${house.runtime}: ${projects} projects made in ${Math.round((performance.now() - startedAt) / 1000)} s`);
say(`a command in each, 4 at a time: p50 ${quartiles(await crowd.useAll())}`);
const idle = await crowd.footprint();
say(`an idle project: ${idle.rssMiB.toFixed(0)} MiB RSS, ${idle.pssMiB.toFixed(0)} MiB PSS (median)`);
say(`orchestrator: ${alone.toFixed(0)} MiB RSS with one project, ${rssMiBOf(house.pid).toFixed(0)} with all`);
const awake = await crowd.cpuSeconds();
say(`idle, in 10 s: containers ${awake.containers.toFixed(3)} s CPU, orchestrator ${awake.orchestrator.toFixed(2)} s`);
await crowd.untilPaused();
const paused = await crowd.cpuSeconds();
say(
  `paused, in 10 s: containers ${paused.containers.toFixed(3)} s CPU, orchestrator ${paused.orchestrator.toFixed(2)} s`,
);
say(`a command in each paused one: p50 ${quartiles(await crowd.useAll())}`);
if (paused.containers > 0.01) {
  process.stderr.write('Paused projects cost processor time.\n');
  process.exitCode = 1;
}
