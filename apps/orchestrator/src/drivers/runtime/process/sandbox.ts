import { setTimeout as delay } from 'node:timers/promises';
import { RoseError } from '@rose/contract';
import { freezeCgroup, isFrozen, processesOf } from './cgroups.ts';
import { MARK } from './environment.ts';
import { descendants, isAlive, pidsOf, readStat, withEnvironment, type ProcessStat } from './proc.ts';
import type { Run } from './records.ts';

const KILL_MS = 10_000;
const FREEZE_MS = 10_000;
const ORDERLY_MS = 1000;

/** The processes of one running container, seen from the host. */
export class Sandbox {
  readonly #id: string;
  readonly #run: Run;

  constructor(id: string, run: Run) {
    this.#id = id;
    this.#run = run;
  }

  /** Whether the agent runs; one that was being started when the orchestrator died does not count. */
  get alive(): boolean {
    return this.#run.agent !== null && isAlive(this.#run.agent);
  }

  /** All processes inside, parents before their children; dead ones that nobody collected are left out. */
  processes(): ProcessStat[] {
    return this.#find().filter((stat) => stat.state !== 'Z' && stat.state !== 'X');
  }

  #find(): ProcessStat[] {
    const pids = processesOf(this.#run.cgroup);
    if (pids !== null) return pids.map(readStat).filter((stat) => stat !== null);
    if (this.#run.way === 'none') return withEnvironment(`${MARK}=${this.#id}`);
    const depth = pidsOf(process.pid).length;
    return isAlive(this.#run.keeper)
      ? descendants(this.#run.keeper.pid).filter(({ pid }) => pidsOf(pid).length > depth)
      : [];
  }

  get frozen(): boolean {
    const { freezer } = this.#run.cgroup;
    if (freezer) return isFrozen(freezer);
    const { agent } = this.#run;
    return agent !== null && isAlive(agent) && readStat(agent.pid)?.state === 'T';
  }

  /** Returns when no process runs any more. */
  async freeze(): Promise<void> {
    const { freezer } = this.#run.cgroup;
    if (freezer) return freezeCgroup(freezer, true);
    const deadline = Date.now() + FREEZE_MS;
    for (;;) {
      // Parents first: a shell that sees its child stop would take it for a job that was suspended.
      const running = this.processes().filter(({ state }) => state !== 'T' && state !== 't');
      if (running.length === 0) return;
      if (Date.now() > deadline)
        throw new RoseError('CONTAINER_FAILED', 'A process in the container cannot be frozen.');
      for (const { pid } of running) signal(pid, 'SIGSTOP');
      await delay(2);
    }
  }

  async thaw(): Promise<void> {
    const { freezer } = this.#run.cgroup;
    if (freezer) return freezeCgroup(freezer, false);
    for (const { pid } of this.processes().toReversed()) signal(pid, 'SIGCONT');
  }

  /** Asks the agent to end. */
  terminate(): void {
    const { agent } = this.#run;
    if (agent !== null && isAlive(agent)) signal(agent.pid, 'SIGTERM');
  }

  /** Returns when the agent has ended, at the latest after `milliseconds`. */
  async ended(milliseconds: number): Promise<void> {
    await passing(() => !this.alive, milliseconds);
  }

  /** Returns when nothing of it is left, and its exit code and log are written. */
  async kill(): Promise<void> {
    const { keeper, agent } = this.#run;
    // When the agent has ended, all the rest ends by itself and in order, which brings its exit code.
    if (agent !== null) {
      if (isAlive(agent)) signal(agent.pid, 'SIGKILL');
      await this.#thawCgroup();
      await passing(() => !isAlive(keeper), ORDERLY_MS);
    }
    const deadline = Date.now() + KILL_MS;
    for (let round = 0; isAlive(keeper) || this.processes().length > 0; round += 1) {
      if (Date.now() > deadline) throw new RoseError('CONTAINER_FAILED', 'A process of the container cannot be ended.');
      for (const { pid } of this.processes()) signal(pid, 'SIGKILL');
      await this.#thawCgroup();
      // The keeper goes by itself, except where it was caught before the sandbox was there.
      if (round > 100 && isAlive(keeper)) this.#killKeeper();
      await delay(10);
    }
  }

  /** A frozen process of cgroup version 1 dies only when it is thawed. */
  async #thawCgroup(): Promise<void> {
    const { freezer } = this.#run.cgroup;
    if (freezer && isFrozen(freezer)) await freezeCgroup(freezer, false);
  }

  #killKeeper(): void {
    const { pid } = this.#run.keeper;
    for (const child of descendants(pid)) signal(child.pid, 'SIGKILL');
    if (isAlive(this.#run.keeper)) signal(pid, 'SIGKILL');
  }
}

async function passing(holds: () => boolean, milliseconds: number): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!holds() && Date.now() < deadline) await delay(10);
}

/** A process that is gone already needs no signal. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
