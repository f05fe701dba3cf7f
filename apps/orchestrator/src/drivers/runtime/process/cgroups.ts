import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerSpec, ContainerStats } from '../runtime.ts';

/**
 * Control groups of both versions: what limits, counts and freezes the processes of a dev
 * container together. Only root makes them; who owns no cgroup goes without.
 */

/** The folder of each controller for one container; with version 2 it is one and the same. */
export type Cgroup = Partial<Record<Controller, string>>;
export type Controller = (typeof CONTROLLERS)[number];

const CONTROLLERS = ['memory', 'pids', 'cpu', 'cpuacct', 'freezer'] as const;
const V2 = ['memory', 'pids', 'cpu', 'freezer'] as const;
const FREEZE_MS = 10_000;
const REMOVE_MS = 10_000;
const CPU_PERIOD_US = 100_000;

/** Below which folder of each controller containers get theirs. */
export async function findCgroups(): Promise<Cgroup> {
  if (process.getuid?.() !== 0) return {};
  const parents: Cgroup = {};
  for (const [controller, folder] of candidates()) {
    try {
      await mkdir(folder, { recursive: true });
      if (controller !== 'freezer') await enable(controller, folder);
      else if (!hasFreezer(folder)) continue;
      parents[controller] = folder;
    } catch {
      // Not ours to use (read-only, not delegated): its limits are then said not to be enforced.
    }
  }
  return parents;
}

/** Version 2 gives children only the controllers that are named. */
async function enable(controller: Controller, folder: string): Promise<void> {
  if (isV2(folder)) await writeFile(path.join(folder, 'cgroup.subtree_control'), `+${controller}`);
}

function hasFreezer(folder: string): boolean {
  return ['cgroup.freeze', 'freezer.state'].some((file) => existsSync(path.join(folder, file)));
}

/** Makes a container's cgroup with its limits. */
export async function makeCgroup(parents: Cgroup, id: string, limits: ContainerSpec['limits']): Promise<Cgroup> {
  const cgroup: Cgroup = {};
  for (const [controller, parent] of entries(parents)) {
    const folder = path.join(parent, id);
    await mkdir(folder, { recursive: true });
    cgroup[controller] = folder;
  }
  const memory = limits.memoryMiB * 1024 * 1024;
  const quota = Math.round(limits.cpus * CPU_PERIOD_US);
  const { memory: m, pids, cpu } = cgroup;
  if (m && isV2(m)) await set(m, { 'memory.max': memory, 'memory.swap.max': 0 });
  else if (m) await set(m, { 'memory.limit_in_bytes': memory, 'memory.memsw.limit_in_bytes': memory });
  if (pids) await set(pids, { 'pids.max': limits.pids });
  if (cpu && isV2(cpu)) await set(cpu, { 'cpu.max': `${quota} ${CPU_PERIOD_US}` });
  else if (cpu) await set(cpu, { 'cpu.cfs_period_us': CPU_PERIOD_US, 'cpu.cfs_quota_us': quota });
  return cgroup;
}

/** Removes a container's cgroup; its processes have ended, or are about to. */
export async function removeCgroup(cgroup: Cgroup): Promise<void> {
  for (const folder of foldersOf(cgroup)) await removeFolder(folder);
}

/** Busy is one until the kernel has given back all that its processes had, which takes a while for much memory. */
async function removeFolder(folder: string): Promise<void> {
  const deadline = Date.now() + REMOVE_MS;
  for (;;) {
    try {
      return await rmdir(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || Date.now() > deadline) throw error;
      await delay(20);
    }
  }
}

/** The folders that a process has to join. */
export function foldersOf(cgroup: Cgroup): string[] {
  return [...new Set(Object.values(cgroup))];
}

/** Host pids of all its processes; null without any cgroup. */
export function processesOf(cgroup: Cgroup): number[] | null {
  const [folder] = foldersOf(cgroup);
  if (folder === undefined) return null;
  const text = readNow(folder, 'cgroup.procs');
  return text.split('\n').filter(Boolean).map(Number);
}

/** Returns when all its processes are frozen, or are thawed again. */
export async function freezeCgroup(folder: string, frozen: boolean): Promise<void> {
  if (isV2(folder)) await set(folder, { 'cgroup.freeze': frozen ? 1 : 0 });
  else await set(folder, { 'freezer.state': frozen ? 'FROZEN' : 'THAWED' });
  const deadline = Date.now() + FREEZE_MS;
  while (isFrozen(folder) !== frozen) {
    if (Date.now() > deadline) throw new Error(`The cgroup did not become ${frozen ? 'frozen' : 'thawed'}.`);
    await delay(2);
  }
}

export function isFrozen(folder: string): boolean {
  return isV2(folder)
    ? readNow(folder, 'cgroup.events').includes('frozen 1')
    : readNow(folder, 'freezer.state').trim() === 'FROZEN';
}

/** What the kernel counted; only what its controllers count. */
export async function usageOf(cgroup: Cgroup): Promise<Partial<ContainerStats>> {
  const { memory, pids, cpu, cpuacct } = cgroup;
  const usage: Partial<ContainerStats> = {};
  if (memory) usage.memoryBytes = await memoryOf(memory);
  if (pids) usage.pids = await readNumber(pids, 'pids.current');
  if (cpuacct) usage.cpuSeconds = (await readNumber(cpuacct, 'cpuacct.usage')) / 1e9;
  else if (cpu && isV2(cpu)) usage.cpuSeconds = (await readField(cpu, 'cpu.stat', 'usage_usec')) / 1e6;
  return usage;
}

/** Without the part of the page cache that the kernel would drop first, as Docker counts. */
async function memoryOf(folder: string): Promise<number> {
  const [total, droppable] = isV2(folder)
    ? await Promise.all([readNumber(folder, 'memory.current'), readField(folder, 'memory.stat', 'inactive_file')])
    : await Promise.all([
        readNumber(folder, 'memory.usage_in_bytes'),
        readField(folder, 'memory.stat', 'total_inactive_file'),
      ]);
  return Math.max(0, total - droppable);
}

function candidates(): [Controller, string][] {
  const own = ownPaths();
  // Version 2 last, where there are both: its freezer lets frozen processes be killed.
  const found = mounts().toSorted((a, b) => a.version - b.version);
  return found.flatMap(({ version, root, target, controllers }) => {
    // Version 2 lets no folder have both processes and controllers for its children: we cannot
    // stay below our own and use the top, as Docker does.
    if (version === 2) return V2.map((controller): [Controller, string] => [controller, path.join(target, 'rose')]);
    return CONTROLLERS.filter((controller) => controllers.includes(controller)).map(
      (controller): [Controller, string] => {
        const below = path.relative(root, own.get(controller) ?? root);
        return [controller, path.join(target, below.startsWith('..') ? '' : below, 'rose')];
      },
    );
  });
}

/** proc(5), mountinfo: id, parent, device, root, target, options, tags, "-", type, source, controllers. */
function mounts(): { version: 1 | 2; root: string; target: string; controllers: string[] }[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [front = '', back = ''] = line.split(' - ');
    const [, , , root = '/', target = ''] = front.split(' ');
    const [type, , options = ''] = back.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    return [{ version: type === 'cgroup2' ? 2 : 1, root, target, controllers: options.split(',') }];
  });
}

/** Controller → the path of our own cgroup. */
function ownPaths(): Map<string, string> {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, controllers = '', ...rest] = line.split(':');
      return controllers.split(',').map((controller): [string, string] => [controller, rest.join(':')]);
    }),
  );
}

function isV2(folder: string): boolean {
  return existsSync(path.join(folder, 'cgroup.controllers'));
}

/** Files that this kernel does not have (swap accounting) are left out. */
async function set(folder: string, values: Record<string, number | string>): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    const file = path.join(folder, name);
    if (existsSync(file)) await writeFile(file, `${value}`);
  }
}

function entries(cgroup: Cgroup): [Controller, string][] {
  return Object.entries(cgroup) as [Controller, string][];
}

function readNow(folder: string, name: string): string {
  try {
    return readFileSync(path.join(folder, name), 'utf8');
  } catch {
    return '';
  }
}

async function readNumber(folder: string, name: string): Promise<number> {
  return Number(await readFile(path.join(folder, name), 'utf8'));
}

async function readField(folder: string, name: string, field: string): Promise<number> {
  const text = await readFile(path.join(folder, name), 'utf8');
  return Number(new RegExp(`^${field} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
