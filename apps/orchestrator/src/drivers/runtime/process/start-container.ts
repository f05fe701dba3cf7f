import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import path from 'node:path';
import type { SocketFolders } from '../socket-folders.ts';
import { foldersOf, makeCgroup, type Cgroup } from './cgroups.ts';
import { asShellScript, containerEnvironment } from './environment.ts';
import { launch } from './launch.ts';
import { ownerOf } from './owners.ts';
import type { Parts } from './parts.ts';
import type { ContainerRecord, Records, Run } from './records.ts';
import { JOIN, START } from './scripts.ts';
import { INSIDE_PATHS } from './tree.ts';
import { sandboxed, type Way } from './ways.ts';

/** A small young generation: a save makes much garbage, and its memory must not grow with the workspace. As in the Dockerfile. */
const AGENT_FLAGS = ['--max-semi-space-size=4'];
const MAX_OPEN_FILES = 65_536;
const HOSTNAME = 'dev';

/** Where a container is started. */
export interface Ground {
  way: Way;
  cgroups: Cgroup;
  records: Records;
  upstreamProxy: string | null;
}

/**
 * Starts a container's processes; its last ones have ended. The record is written before anything
 * runs and again when the agent does.
 * @param exited is called when they end.
 */
export async function startContainer(
  ground: Ground,
  record: ContainerRecord,
  place: { parts: Parts; volume: string; folders: SocketFolders },
  exited: () => void,
  signal?: AbortSignal,
): Promise<void> {
  const { id, spec } = record;
  const folder = ground.records.folder(id);
  const stage = path.join(folder, 'stage');
  await mkdir(stage, { recursive: true });
  // A workspace can lock itself out by chmod; nothing of it runs now.
  for (const entered of [place.volume, place.folders.out]) await chmod(entered, 0o700);
  const environment = containerEnvironment({ ...ground, ...place, id, spec, agentBuild: record.agentBuild });
  const isolated = ground.way !== 'none';
  await writeFile(path.join(place.folders.in, 'environment'), asShellScript(environment), { mode: 0o644 });

  const cgroup = await makeCgroup(ground.cgroups, id, spec.limits);
  const program = isolated
    ? INSIDE_PATHS
    : { ...place.folders, node: place.parts.node, agentDir: place.parts.agentDir };
  const command = [
    ...[...START, program.out, path.join(program.in, 'environment')],
    ...['/usr/bin/prlimit', '--core=0', `--nofile=${openFiles()}`],
    ...(cgroup.pids === undefined && canLimitByUser(ground.way) ? [`--nproc=${spec.limits.pids}`] : []),
    ...['--', program.node, ...AGENT_FLAGS, path.join(program.agentDir, 'agent.mjs')],
  ];
  const sandbox = sandboxed(
    ground.way,
    {
      sources: { ...place.parts, volume: place.volume, in: place.folders.in, out: place.folders.out },
      owner: ownerOf(spec.projectId, isolated),
      stage,
      hostname: HOSTNAME,
      tmpBytes: spec.limits.memoryMiB * 512 * 1024,
    },
    command,
  );
  const note = (run: Run): Promise<void> => {
    record.run = run;
    return ground.records.write(record);
  };
  const startedAt = new Date().toISOString();
  const agent = await launch({
    folder,
    command: [...JOIN, ...foldersOf(cgroup), '--', ...sandbox],
    noted: (keeper) => note({ startedAt, way: ground.way, keeper, agent: null, cgroup }),
    exited,
    said: () => ground.records.log(id),
    signal,
  });
  if (record.run) await note({ ...record.run, agent });
}

/** Since Linux 5.14 each user namespace counts its processes for itself; before, all of the user's would count. */
export function canLimitByUser(way: Way): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return way !== 'none' && (major > 5 || (major === 5 && minor >= 14));
}

/** Nobody can give more than he has. */
function openFiles(): number {
  const own = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return Math.min(MAX_OPEN_FILES, Number(own?.[1] ?? MAX_OPEN_FILES));
}
