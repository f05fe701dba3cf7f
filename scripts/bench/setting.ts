import { Readable } from 'node:stream';
import type { RoseClient } from '@rose/client/node';
import { close, openRoot, readTree } from '@rose/snapshot/disk';
import type { House } from './house.ts';
import { median } from './stopwatch.ts';
import type { Workload } from './tree.ts';

/** What was measured: one number per way, ms, bytes or MB. */
export interface Row {
  case: string;
  unit: 'ms' | 'bytes' | 'MB';
  /** RoSE's own is under ROSE. */
  values: Record<string, number>;
  /** RoSE's number may be so many times that of a peer. */
  targets?: Record<string, number>;
  /** RoSE's number may be this at most, in the row's unit. */
  most?: number;
}

export const ROSE = 'rose';

export interface Setting {
  house: House;
  workload: Workload;
  scratch: string;
  runs: number;
  log: (line: string) => void;
}

export interface Bench {
  rose: RoseClient;
  projectId: number;
  /** On this machine. */
  workspace: string;
}

/** A project with the workload in it, of an account that owns nothing else. */
export async function project({ house, workload }: Pick<Setting, 'house' | 'workload'>): Promise<Bench> {
  const rose = await house.newcomer();
  const before = new Set(house.volumes());
  const { id: projectId } = await rose.projects.create.mutate({ name: 'bench' });
  const volume = house.volumes().find((candidate) => !before.has(candidate))!;
  const root = openRoot(workload.folder);
  try {
    await rose.workspace(projectId).push('', Readable.from(readTree(root), { objectMode: false }));
  } finally {
    close(root);
  }
  return { rose, projectId, workspace: house.workspace(volume) };
}

export function medians(values: Record<string, number[]>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, times]) => [name, median(times)]));
}
