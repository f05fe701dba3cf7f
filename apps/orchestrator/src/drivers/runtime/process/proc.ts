import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel tells of processes (proc(5)). Reads of /proc never wait for a disk. */

export interface ProcessStat {
  pid: number;
  parent: number;
  /** R, S, D, T (stopped), Z (dead, not yet collected), … */
  state: string;
  /** Since boot, in ticks: with it a pid names one process for ever. */
  startTicks: number;
  /** User and system time, of collected children too. */
  cpuTicks: number;
  residentPages: number;
}

/** One process, told apart from a later one with the same pid, after a reboot too. */
export interface ProcessIdentity {
  pid: number;
  startTicks: number;
  boot: string;
}

export const TICKS_PER_SECOND = 100;
export const PAGE_BYTES = 4096;

const BOOT = readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';

/** null when there is no such process. */
export function readStat(pid: number): ProcessStat | null {
  const text = readText(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field, the name in brackets, may hold spaces and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (field: number): number => Number(fields[field - 3]);
  return {
    pid,
    parent: number(4),
    state: fields[0] ?? 'X',
    startTicks: number(22),
    cpuTicks: number(14) + number(15) + number(16) + number(17),
    residentPages: number(24),
  };
}

/** null when the process is gone already. */
export function identify(pid: number): ProcessIdentity | null {
  const stat = readStat(pid);
  return stat && { pid, startTicks: stat.startTicks, boot: BOOT };
}

/** Whether that very process still runs; one that only waits to be collected does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.boot !== BOOT) return false;
  const stat = readStat(identity.pid);
  return stat !== null && stat.startTicks === identity.startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** All processes below one, parents before their children. */
export function descendants(pid: number): ProcessStat[] {
  const children = Map.groupBy(allStats(), (stat) => stat.parent);
  const found: ProcessStat[] = [];
  const waiting = [pid];
  for (let parent = waiting.shift(); parent !== undefined; parent = waiting.shift()) {
    for (const child of children.get(parent) ?? []) {
      found.push(child);
      waiting.push(child.pid);
    }
  }
  return found;
}

/** The ids of a process, from our own pid namespace to its innermost. */
export function pidsOf(pid: number): number[] {
  const line = /^NSpid:\t(.*)$/m.exec(readText(`/proc/${pid}/status`) ?? '');
  return line?.[1]?.split('\t').map(Number) ?? [];
}

/** All processes whose environment holds `entry` ("NAME=value") and that we may look at. */
export function withEnvironment(entry: string): ProcessStat[] {
  return allStats().filter(({ pid }) => readText(`/proc/${pid}/environ`)?.split('\0').includes(entry));
}

function allStats(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== null);
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
