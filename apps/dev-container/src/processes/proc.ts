import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel tells of processes; see proc(5). Everything may have ended since it was named. */

/** Of every Linux on the machines that RoSE runs on: USER_HZ. */
const TICKS_PER_SECOND = 100;
const MAX_COMMAND_BYTES = 4096;

export interface ProcessStat {
  pid: number;
  ppid: number;
  name: string;
  cpuSeconds: number;
  /** After the machine's start; with the pid it names one process. */
  startSeconds: number;
}

export function listPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** null when it has ended. */
export function readStat(pid: number): ProcessStat | null {
  const text = read(pid, 'stat');
  // The name may hold anything, brackets and spaces too.
  const end = text.lastIndexOf(')');
  if (end < 0) return null;
  // From the third on: state, ppid …
  const fields = text.slice(end + 2).split(' ');
  const seconds = (at: number): number => Number(fields[at]) / TICKS_PER_SECOND;
  return {
    pid,
    ppid: Number(fields[1]),
    name: text.slice(text.indexOf('(') + 1, end),
    cpuSeconds: seconds(11) + seconds(12),
    startSeconds: seconds(19),
  };
}

/** Empty for one that has no arguments: it has ended and nobody has collected it. */
export function readCommand(pid: number): string[] {
  const bytes = read(pid, 'cmdline').slice(0, MAX_COMMAND_BYTES);
  return bytes === '' ? [] : bytes.replace(/\0$/, '').split('\0');
}

export function readResidentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(pid, 'status'))?.[1] ?? 0) * 1024;
}

/** Whether a process was started with this variable in its environment; what others may not read has none. */
export function hasVariable(pid: number, name: string, value: string): boolean {
  return `\0${read(pid, 'environ')}`.includes(`\0${name}=${value}\0`);
}

/** Ms since 1970. */
export function machineStartMs(): number {
  return Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? 0) * 1000;
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
