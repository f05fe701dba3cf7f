import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { RoseClient } from '@rose/client/node';
import { close, openRoot, readTree } from '@rose/snapshot/disk';
import type { House } from './house.ts';
import { installed, type Peer } from './peers.ts';
import { median, run, time } from './stopwatch.ts';
import { edit, type Workload } from './tree.ts';

/** What was measured: one number per way, ms or bytes. */
export interface Row {
  case: string;
  unit: 'ms' | 'bytes' | 'MB';
  values: Record<string, number>;
}

export interface Setting {
  house: House;
  workload: Workload;
  scratch: string;
  runs: number;
  log: (line: string) => void;
}

const ROSE = 'rose';

interface Bench {
  rose: RoseClient;
  projectId: number;
  /** On this machine. */
  workspace: string;
}

/** A project with the workload in it, of an account that owns nothing else. */
async function project({ house, workload }: Setting): Promise<Bench> {
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

/** First saves, each into a store that has never seen the tree. */
export async function firstSave(setting: Setting): Promise<Row> {
  const values: Record<string, number[]> = {};
  for (let round = 0; round < setting.runs; round += 1) {
    const { rose, projectId } = await project(setting);
    (values[ROSE] ??= []).push(await time(() => rose.versions.save.mutate({ projectId })));
    await rose.projects.delete.mutate({ projectId });
    for (const peer of installed()) {
      if (round < roundsOf(peer, setting.runs)) (values[peer.name] ??= []).push(await freshSave(setting, peer));
    }
    setting.log(`first save, round ${round + 1}`);
  }
  return { case: 'first save', unit: 'ms', values: medians(values) };
}

async function freshSave({ scratch, workload }: Setting, peer: Peer): Promise<number> {
  const store = path.join(scratch, 'store');
  await rm(store, { recursive: true, force: true });
  await peer.init(store, workload.folder);
  return await time(() => peer.save(store, workload.folder));
}

/** Saves after no change, and after `edits` changed files; bytes that the store grew by. */
export async function saveAgain(setting: Setting, edits: number): Promise<Row[]> {
  const { workload, scratch, runs, log } = setting;
  const { rose, projectId, workspace } = await project(setting);
  const times: Record<string, number[]> = {};
  const bytes: Record<string, number[]> = {};
  await rose.versions.save.mutate({ projectId });
  for (let round = 0; round < runs; round += 1) {
    edit(workspace, workload.editable, edits, round);
    let stored = 0;
    (times[ROSE] ??= []).push(
      await time(async () => (stored = (await rose.versions.save.mutate({ projectId })).storedBytes)),
    );
    (bytes[ROSE] ??= []).push(stored);
    (times['find -printf'] ??= []).push(await time(() => run('find', [workspace, '-printf', '%s %T@ %C@ %i\\n'])));
  }
  for (const peer of installed()) {
    const store = path.join(scratch, 'again');
    await rm(store, { recursive: true, force: true });
    await peer.init(store, workload.folder);
    await peer.save(store, workload.folder);
    for (let round = 0; round < roundsOf(peer, runs); round += 1) {
      edit(workload.folder, workload.editable, edits, round);
      const before = peer.keepsWholes === true ? 0 : await peer.size(store);
      (times[peer.name] ??= []).push(await time(() => peer.save(store, workload.folder)));
      (bytes[peer.name] ??= []).push((await peer.size(store)) - before);
    }
    log(`save after ${edits} changed files: ${peer.name}`);
  }
  const what = `save after ${edits} changed file${edits === 1 ? '' : 's'}`;
  return [
    { case: what, unit: 'ms', values: medians(times) },
    { case: `bytes added by a ${what}`, unit: 'bytes', values: medians(bytes) },
  ];
}

/** Loads into an empty workspace, and loads that differ by 20 files. */
export async function loads(setting: Setting): Promise<Row[]> {
  const { workload, scratch, runs, log } = setting;
  const cold: Record<string, number[]> = {};
  const warm: Record<string, number[]> = {};
  const { rose, projectId, workspace } = await project(setting);
  const full = (await rose.versions.save.mutate({ projectId })).version;
  edit(workspace, workload.editable, 20, 0);
  const edited = (await rose.versions.save.mutate({ projectId })).version;
  for (let round = 0; round < runs; round += 1) {
    (warm[ROSE] ??= []).push(
      await time(() => rose.versions.load.mutate({ projectId, version: round % 2 === 0 ? full : edited })),
    );
    (cold[ROSE] ??= []).push(await coldLoad(rose, projectId, full, round));
  }
  for (const peer of installed()) {
    const store = path.join(scratch, 'loads');
    await rm(store, { recursive: true, force: true });
    await peer.init(store, workload.folder);
    await peer.save(store, workload.folder);
    for (let round = 0; round < roundsOf(peer, runs); round += 1) {
      const target = path.join(scratch, 'target');
      await rm(target, { recursive: true, force: true });
      await mkdir(target);
      (cold[peer.name] ??= []).push(await time(() => peer.load(store, target)));
      edit(target, workload.editable, 20, round);
      (warm[peer.name] ??= []).push(await time(() => peer.load(store, target)).catch(() => Number.NaN));
    }
    log(`loads: ${peer.name}`);
  }
  return [
    { case: 'cold load into an empty workspace', unit: 'ms', values: medians(cold) },
    { case: 'load that differs by 20 files', unit: 'ms', values: medians(warm) },
  ];
}

/** Into a workspace that never held it: a fork, less what making an empty project takes. */
async function coldLoad(rose: RoseClient, projectId: number, version: number, round: number): Promise<number> {
  const empty = await time(async () => rose.projects.create.mutate({ name: `empty ${round}` }));
  const filled = await time(async () => rose.projects.fork.mutate({ projectId, version, name: `filled ${round}` }));
  return filled - empty;
}

/** Bytes that 50 versions of three edits each add to the first. */
export async function growth(setting: Setting, versions: number): Promise<Row> {
  const { workload, scratch } = setting;
  const values: Record<string, number> = {};
  const { rose, projectId, workspace } = await project(setting);
  await rose.versions.save.mutate({ projectId });
  values[ROSE] = 0;
  for (let round = 0; round < versions; round += 1) {
    edit(workspace, workload.editable, 3, round);
    values[ROSE] += (await rose.versions.save.mutate({ projectId })).storedBytes;
  }
  for (const peer of installed().filter(({ keepsWholes }) => keepsWholes !== true)) {
    const store = path.join(scratch, 'growth');
    await rm(store, { recursive: true, force: true });
    await peer.init(store, workload.folder);
    await peer.save(store, workload.folder);
    const before = await peer.size(store);
    for (let round = 0; round < versions; round += 1) {
      edit(workload.folder, workload.editable, 3, round);
      await peer.save(store, workload.folder);
    }
    values[peer.name] = (await peer.size(store)) - before;
    setting.log(`${versions} versions: ${peer.name}`);
  }
  return { case: `bytes added by ${versions} versions of 3 edits`, unit: 'bytes', values };
}

/** A call into a workspace, through the orchestrator. */
export async function calls({ house }: Setting, count: number): Promise<Row> {
  const rose = await house.newcomer();
  const { id } = await rose.projects.create.mutate({ name: 'calls' });
  const status = rose.workspace(id).status.get;
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) times.push(await time(() => status.query()));
  return { case: 'workspace call through the orchestrator, p50', unit: 'ms', values: { [ROSE]: median(times) } };
}

/** Ways that take half a minute a time are measured twice at the most. */
function roundsOf({ keepsWholes }: Peer, runs: number): number {
  return keepsWholes === true ? Math.min(runs, 2) : runs;
}

function medians(values: Record<string, number[]>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, times]) => [name, median(times)]));
}
