import { setTimeout as sleep } from 'node:timers/promises';
import { RoseError, type ProcessInfo, type ProcessList } from '@rose/contract';
import type { Environment } from '../environment.ts';
import {
  hasVariable,
  listPids,
  machineStartMs,
  readCommand,
  readResidentBytes,
  readStat,
  type ProcessStat,
} from './proc.ts';

/** Processor time is measured over a span of this length, ms. */
const SPAN_MS = 250;
const MAX_LISTED = 500;
/** Where no sandbox keeps processes apart, those of a container are marked by this variable. */
const MARK = 'DEV_CONTAINER_ID';

/** The processes of this container, whoever started them. */
export class ProcessesService {
  readonly #mark: string | undefined;

  constructor({ inherited }: Environment) {
    this.#mark = inherited[MARK];
  }

  /** The busiest first, as far as there is room. Takes a quarter of a second. */
  async list(): Promise<ProcessList> {
    const before = new Map(this.#stats().map((stat) => [stat.pid, stat]));
    const began = performance.now();
    await sleep(SPAN_MS);
    const stats = this.#stats();
    const spanSeconds = (performance.now() - began) / 1000;
    const percentOf = ({ pid, startSeconds, cpuSeconds }: ProcessStat): number => {
      const known = before.get(pid);
      const used = known?.startSeconds === startSeconds ? cpuSeconds - known.cpuSeconds : cpuSeconds;
      return Math.round((used / spanSeconds) * 1000) / 10;
    };
    const all = stats.map((stat) => ({ stat, cpuPercent: percentOf(stat) }));
    all.sort((a, b) => b.cpuPercent - a.cpuPercent || a.stat.pid - b.stat.pid);
    const startMs = machineStartMs();
    return {
      processes: all.slice(0, MAX_LISTED).map(({ stat, cpuPercent }) => infoOf(stat, cpuPercent, startMs)),
      omitted: Math.max(0, all.length - MAX_LISTED),
    };
  }

  /** @throws RoseError NOT_FOUND; FORBIDDEN for the agent itself and what holds it */
  signal(pid: number, signal: NodeJS.Signals): void {
    if (!this.#isOurs(pid) || readStat(pid) === null) throw gone(pid);
    if (isAgent(pid))
      throw new RoseError(
        'FORBIDDEN',
        `Process ${pid} is the agent of this container. To end all, restart the project.`,
      );
    try {
      process.kill(pid, signal);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ESRCH') throw gone(pid);
      throw new RoseError('FORBIDDEN', `The system does not let anybody here signal process ${pid}.`, {}, { cause });
    }
  }

  #stats(): ProcessStat[] {
    return listPids()
      .filter((pid) => this.#isOurs(pid))
      .map(readStat)
      .filter((stat) => stat !== null);
  }

  #isOurs(pid: number): boolean {
    return this.#mark === undefined || hasVariable(pid, MARK, this.#mark);
  }
}

function infoOf(
  { pid, ppid, name, cpuSeconds, startSeconds }: ProcessStat,
  cpuPercent: number,
  startMs: number,
): ProcessInfo {
  const command = readCommand(pid);
  return {
    pid,
    ppid,
    command: command.length > 0 ? command : [name],
    cpuPercent,
    cpuSeconds,
    rssBytes: readResidentBytes(pid),
    startedAt: new Date(startMs + startSeconds * 1000).toISOString(),
  };
}

/** The agent, or a process that it descends from. */
function isAgent(pid: number): boolean {
  for (let at: number | undefined = process.pid; at !== undefined && at > 0; at = readStat(at)?.ppid)
    if (at === pid) return true;
  return false;
}

function gone(pid: number): RoseError {
  return new RoseError('NOT_FOUND', `There is no process ${pid} in this container.`, { what: `process ${pid}` });
}
