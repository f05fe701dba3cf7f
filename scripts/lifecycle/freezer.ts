import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerRecord, House } from '../kill/house.ts';
import { docker } from './docker.ts';

const FREEZE_MS = 10_000;

/** Freezes a container past its orchestrator, as one that was killed a moment after it did so. */
export async function freeze(house: House, id: string): Promise<void> {
  if (house.runtime === 'docker') return void (await docker(house, ['pause', id]));
  const record = house.containers().find((each) => each.id === id)!;
  const folder = record.run?.cgroup.freezer;
  if (folder === undefined) throw new Error('Without a freezer this machine cannot pause a dev container by hand.');
  if (isV2(folder)) writeFileSync(path.join(folder, 'cgroup.freeze'), '1');
  else writeFileSync(path.join(folder, 'freezer.state'), 'FROZEN');
  for (const until = Date.now() + FREEZE_MS; !isFrozen(record); await sleep(5))
    if (Date.now() > until) throw new Error('A dev container was not frozen.');
}

/** Whether the processes of a container of the process runtime are frozen, as the kernel says. */
export function isFrozen({ run }: ContainerRecord): boolean {
  const folder = run?.cgroup.freezer;
  if (folder === undefined) return false;
  return isV2(folder)
    ? readFileSync(path.join(folder, 'cgroup.events'), 'utf8').includes('frozen 1')
    : readFileSync(path.join(folder, 'freezer.state'), 'utf8').trim() === 'FROZEN';
}

function isV2(folder: string): boolean {
  try {
    readFileSync(path.join(folder, 'cgroup.events'));
    return true;
  } catch {
    return false;
  }
}
