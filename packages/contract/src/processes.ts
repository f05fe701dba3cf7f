import { z } from 'zod';

/** A process in a dev container, as it sees itself. */
export interface ProcessInfo {
  pid: number;
  ppid: number;
  /** Its arguments, the first 4 KiB; only its name where it has none. */
  command: string[];
  /** Of the moment before; 100 is one processor. */
  cpuPercent: number;
  cpuSeconds: number;
  /** Memory that is in use now, bytes. */
  rssBytes: number;
  /** ISO 8601. */
  startedAt: string;
}

export interface ProcessList {
  /** The busiest first. */
  processes: ProcessInfo[];
  /** How many are not listed, since there are so many. */
  omitted: number;
}

/** pid 1 holds the container together. */
export const pidSchema = z.number().int().min(2).max(4_194_304);
