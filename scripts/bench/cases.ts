import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RoseClient } from '@rose/client/node';
import { installed, type Peer } from './peers.ts';
import { medians, project, ROSE, type Row, type Setting } from './setting.ts';
import { run, time } from './stopwatch.ts';
import { edit } from './tree.ts';

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
  return {
    case: 'first save',
    unit: 'ms',
    values: medians(values),
    targets: { restic: 1, 'archiver + extract-zip': 0.2 },
  };
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
    {
      case: what,
      unit: 'ms',
      values: medians(times),
      targets: { restic: 0.15, 'git add -A && git commit': 1, 'find -printf': 2 },
    },
    { case: `bytes added by a ${what}`, unit: 'bytes', values: medians(bytes), targets: { restic: 1 } },
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
    {
      case: 'cold load into an empty workspace',
      unit: 'ms',
      values: medians(cold),
      targets: { restic: 1, 'archiver + extract-zip': 0.2 },
    },
    { case: 'load that differs by 20 files', unit: 'ms', values: medians(warm), targets: { restic: 0.3 } },
  ];
}

/**
 * Into a workspace that never held it: a fork, less what making an empty project takes. Both are removed, as the peers'
 * folders are: writing where a virtual machine has no memory of its own yet takes several times as long.
 */
export async function coldLoad(rose: RoseClient, projectId: number, version: number, round: number): Promise<number> {
  const timed = async (make: () => Promise<{ id: number }>): Promise<number> => {
    const made = { id: 0 };
    const ms = await time(async () => Object.assign(made, await make()));
    await rose.projects.delete.mutate({ projectId: made.id });
    return ms;
  };
  const empty = await timed(() => rose.projects.create.mutate({ name: `empty ${round}` }));
  const filled = await timed(() => rose.projects.fork.mutate({ projectId, version, name: `filled ${round}` }));
  return filled - empty;
}

/** Bytes that 50 versions of three edits each add to the first. */
export async function manyVersions(setting: Setting, versions: number): Promise<Row> {
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
  return { case: `bytes added by ${versions} versions of 3 edits`, unit: 'bytes', values, targets: { restic: 1 } };
}

/** Ways that take half a minute a time are measured twice at the most. */
function roundsOf({ keepsWholes }: Peer, runs: number): number {
  return keepsWholes === true ? Math.min(runs, 2) : runs;
}
