import { setTimeout as sleep } from 'node:timers/promises';
import type { House } from '../kill/house.ts';
import { shell } from '../kill/workspace.ts';
import { docker } from './docker.ts';
import { cpuSecondsOf, footprintOf, ownCpuSecondsOf, type Footprint } from './footprint.ts';

const HANDS = 4;
const LOOK_MS = 10_000;
const PAUSE_MS = 5 * 60_000;

/** Many projects of one installation that run at the same time. */
export class Crowd {
  readonly #house: House;
  readonly #ids: number[];

  constructor(house: House) {
    this.#house = house;
    this.#ids = [house.projectId];
  }

  /** Makes projects until there are so many. */
  async grow(to: number): Promise<void> {
    const missing = Array.from({ length: to - this.#ids.length }, (_, at) => at);
    await inTurns(missing, async (at) => {
      const { id } = await this.#house.rose.projects.create.mutate({ name: `crowd ${at}` });
      this.#ids.push(id);
    });
  }

  /** Runs a command in each. @returns milliseconds that each took, sorted */
  async useAll(): Promise<number[]> {
    const took: number[] = [];
    await inTurns(this.#ids, async (projectId) => {
      const startedAt = performance.now();
      const answer = await shell({ rose: this.#house.rose, projectId }, 'echo $((6 * 7))');
      took.push(performance.now() - startedAt);
      if (answer.toString() !== '42\n') throw new Error(`Project ${projectId} answers ${answer.toString()}`);
    });
    return took.toSorted((a, b) => a - b);
  }

  /** Until every project counts as idle, and is paused. */
  async untilPaused(): Promise<void> {
    const { rose } = this.#house;
    await rose.settings.user.update.mutate({ values: { idlePauseMinutes: 1 } });
    for (const until = Date.now() + PAUSE_MS; ; await sleep(500)) {
      const awake = (await rose.projects.list.query()).filter(({ state }) => state !== 'paused');
      if (awake.length === 0) return;
      if (Date.now() > until) throw new Error(`${awake.length} projects were not paused.`);
    }
  }

  /** The medians of all containers. */
  async footprint(): Promise<Footprint> {
    const all = (await this.#pids()).map((pid) => footprintOf(pid));
    return { rssMiB: median(all.map(({ rssMiB }) => rssMiB)), pssMiB: median(all.map(({ pssMiB }) => pssMiB)) };
  }

  /** Seconds of processor time that all containers, and the orchestrator, use within ten seconds. */
  async cpuSeconds(): Promise<{ containers: number; orchestrator: number }> {
    const pids = await this.#pids();
    const sum = (): number => pids.reduce((total, pid) => total + cpuSecondsOf(pid), 0);
    const [before, orchestratorBefore] = [sum(), ownCpuSecondsOf(this.#house.pid)];
    await sleep(LOOK_MS);
    return { containers: sum() - before, orchestrator: ownCpuSecondsOf(this.#house.pid) - orchestratorBefore };
  }

  /** The first process of each container. */
  async #pids(): Promise<number[]> {
    if (this.#house.runtime === 'process')
      return this.#house.containers().flatMap(({ run }) => (run?.agent ? [run.agent.pid] : []));
    const filter = `label=rose.installation=${await this.#house.installation()}`;
    const ids = (await docker(this.#house, ['ps', '-q', '--filter', filter])).trim().split('\n');
    const told = await docker(this.#house, ['inspect', '--format', '{{.State.Pid}}', ...ids]);
    return told.trim().split('\n').map(Number);
  }
}

async function inTurns<T>(items: readonly T[], deed: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const work = async (): Promise<void> => {
    for (const item of queue) await deed(item);
  };
  await Promise.all(Array.from({ length: HANDS }, work));
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
