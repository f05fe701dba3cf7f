import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { installed, type Peer } from './peers.ts';
import { ROSE, type Row, type Setting } from './setting.ts';
import { run } from './stopwatch.ts';

/**
 * Bytes that the last `count` commits of this repository take, each saved as a version: a real project's growth,
 * with files that come, change, move and go.
 */
export async function history(root: string, setting: Pick<Setting, 'house' | 'scratch' | 'log'>, count: number) {
  const { house, scratch, log } = setting;
  const listed = await run('git', ['log', '--first-parent', '--reverse', '--format=%H', '-n', String(count)], {
    cwd: root,
  });
  const commits = listed.trim().split('\n');
  const values: Record<string, number> = {};
  const rose = await house.newcomer();
  const before = new Set(house.volumes());
  const { id: projectId } = await rose.projects.create.mutate({ name: 'history' });
  const workspace = house.workspace(house.volumes().find((volume) => !before.has(volume))!);
  values[ROSE] = 0;
  for (const commit of commits) {
    await checkOut(root, workspace, path.join(scratch, 'index-rose'), commit);
    values[ROSE] += (await rose.versions.save.mutate({ projectId })).storedBytes;
  }
  log(`${commits.length} commits: RoSE`);
  for (const peer of installed().filter(({ keepsWholes }) => keepsWholes !== true)) {
    values[peer.name] = await grown(root, scratch, peer, commits);
    log(`${commits.length} commits: ${peer.name}`);
  }
  const row: Row = {
    case: `bytes of ${commits.length} versions of RoSE's own sources`,
    unit: 'bytes',
    values,
    targets: { restic: 1 },
  };
  return row;
}

async function grown(root: string, scratch: string, peer: Peer, commits: readonly string[]): Promise<number> {
  const [store, tree, index] = ['history-store', 'history-tree', 'history-index'].map((name) =>
    path.join(scratch, name),
  ) as [string, string, string];
  for (const old of [store, tree, index]) await rm(old, { recursive: true, force: true });
  await mkdir(tree);
  await peer.init(store, tree);
  const empty = await peer.size(store);
  for (const commit of commits) {
    await checkOut(root, tree, index, commit);
    await peer.save(store, tree);
  }
  return (await peer.size(store)) - empty;
}

/** Writes only what differs from the commit before. */
async function checkOut(root: string, tree: string, index: string, commit: string): Promise<void> {
  const where = [`--git-dir=${path.join(root, '.git')}`, `--work-tree=${tree}`];
  await run('git', [...where, 'read-tree', '--reset', '-u', commit], { env: { GIT_INDEX_FILE: index } });
}
