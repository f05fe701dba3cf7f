import { readdirSync, readFileSync } from 'node:fs';

const MIB = 1024 * 1024;

/** What processes take, as the kernel counts it. */
export interface Footprint {
  /** Resident memory, MiB: what several share counts for each. */
  rssMiB: number;
  /** The same, what is shared divided by who shares it. */
  pssMiB: number;
}

/** Of a process and all below it. */
export function footprintOf(root: number): Footprint {
  const sums = treeOf(root).map((pid) => read(`/proc/${pid}/smaps_rollup`) ?? '');
  const total = (line: string): number =>
    sums.reduce((sum, text) => sum + Number(new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0), 0);
  return { rssMiB: (total('Rss') * 1024) / MIB, pssMiB: (total('Pss') * 1024) / MIB };
}

/** Seconds that the cgroup of a process has used a processor. */
export function cpuSecondsOf(pid: number): number {
  for (const line of (read(`/proc/${pid}/cgroup`) ?? '').split('\n')) {
    const [, controllers = '', ...rest] = line.split(':');
    const folder = rest.join(':');
    const usageNs = controllers.split(',').includes('cpuacct')
      ? read(`/sys/fs/cgroup/cpuacct${folder}/cpuacct.usage`)
      : null;
    if (usageNs !== null) return Number(usageNs) / 1e9;
    if (controllers !== '') continue;
    const usage = /^usage_usec (\d+)/m.exec(read(`/sys/fs/cgroup${folder}/cpu.stat`) ?? '')?.[1];
    if (usage !== undefined) return Number(usage) / 1e6;
  }
  throw new Error(`Nobody counts what process ${pid} uses.`);
}

/** Resident memory of one process, MiB. */
export function rssMiBOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) / 1024;
}

/** Seconds that a process itself has used a processor. */
export function ownCpuSecondsOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`) ?? '';
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function treeOf(root: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(Number(name)) }));
  const below = (pid: number): number[] => [
    pid,
    ...parents.filter(({ parent }) => parent === pid).flatMap((child) => below(child.pid)),
  ];
  return below(root);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}
