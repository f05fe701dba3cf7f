import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { coldLoad } from './cases.ts';
import type { Peer } from './peers.ts';
import { project, ROSE, type Setting } from './setting.ts';
import { time } from './stopwatch.ts';
import { edit } from './tree.ts';

/** A store of one tree that grows by versions. */
export interface Grower extends AsyncDisposable {
  name: string;
  /** Changes files of the tree, others each round. */
  edit(count: number, round: number): void;
  save(): Promise<void>;
  /** Loads the newest version into an empty place. @returns ms */
  loadCold(): Promise<number>;
  /** Loads over a tree that differs by `count` files. @returns ms */
  loadOver(count: number, round: number): Promise<number>;
  /** Bytes of the store. */
  bytes(): Promise<number>;
}

export async function roseGrower(setting: Setting): Promise<Grower> {
  const { rose, projectId, workspace } = await project(setting);
  const { editable } = setting.workload;
  let stored = 0;
  let newest = 0;
  let places = 0;
  const save = async (): Promise<number> => {
    const { version, storedBytes } = await rose.versions.save.mutate({ projectId });
    newest = version;
    return storedBytes;
  };
  return {
    name: ROSE,
    edit: (count, round) => edit(workspace, editable, count, round),
    save: async () => void (stored += await save()),
    async loadCold() {
      return await coldLoad(rose, projectId, newest, (places += 1));
    },
    async loadOver(count, round) {
      const version = newest;
      edit(workspace, editable, count, round);
      // Saved beforehand, and not counted: a checkpoint of unsaved work is no part of what the peers do.
      await save();
      return await time(() => rose.versions.load.mutate({ projectId, version }));
    },
    bytes: () => Promise.resolve(stored),
    async [Symbol.asyncDispose]() {
      for (const { id } of await rose.projects.list.query()) await rose.projects.delete.mutate({ projectId: id });
    },
  };
}

export async function peerGrower({ workload, scratch }: Setting, peer: Peer): Promise<Grower> {
  const store = path.join(scratch, 'grown');
  const target = path.join(scratch, 'grown-target');
  await rm(store, { recursive: true, force: true });
  await peer.init(store, workload.folder);
  return {
    name: peer.name,
    edit: (count, round) => edit(workload.folder, workload.editable, count, round),
    save: () => peer.save(store, workload.folder),
    async loadCold() {
      await rm(target, { recursive: true, force: true });
      await mkdir(target);
      return await time(() => peer.load(store, target));
    },
    async loadOver(count, round) {
      edit(target, workload.editable, count, round);
      return await time(() => peer.load(store, target));
    },
    bytes: () => peer.size(store),
    async [Symbol.asyncDispose]() {
      await rm(store, { recursive: true, force: true });
      await rm(target, { recursive: true, force: true });
    },
  };
}
