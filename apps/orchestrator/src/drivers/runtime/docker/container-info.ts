import type { ContainerInspectInfo } from 'dockerode';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ContainerInfo } from '../runtime.ts';
import { socketFolders, type SocketFolders } from '../socket-folders.ts';
import { LABEL } from './names.ts';

/** The socket folders of a project's container. */
export function foldersOf(dataDir: string, projectId: number): SocketFolders {
  return socketFolders(dataDir, folderName(projectId));
}

/** One container a project, so one name a project. */
export function folderName(projectId: number): string {
  return `docker-${projectId}`;
}

/** The projects that socket folders are for, with a container or without. */
export async function foldersIn(dataDir: string): Promise<number[]> {
  const names = await readdir(path.join(dataDir, 'run')).catch(() => []);
  return names.flatMap((name) => {
    const projectId = Number(/^docker-(\d+)$/.exec(name)?.[1]);
    return Number.isSafeInteger(projectId) ? [projectId] : [];
  });
}

const STATUS: Record<string, ContainerInfo['status']> = {
  created: 'created',
  running: 'running',
  restarting: 'running',
  paused: 'paused',
  removing: 'exited',
  exited: 'exited',
  dead: 'exited',
};

/** null when the container is not the installation's. */
export function containerInfo(
  found: ContainerInspectInfo,
  installation: string,
  dataDir: string,
): ContainerInfo | null {
  const labels = found.Config.Labels;
  const projectId = Number(labels[LABEL.project]);
  if (labels[LABEL.installation] !== installation || !Number.isSafeInteger(projectId)) return null;
  const status = STATUS[found.State.Status] ?? 'exited';
  const startedAt = new Date(found.State.StartedAt);
  return {
    id: found.Id,
    projectId,
    status,
    volume: labels[LABEL.volume] ?? '',
    egressSocket: foldersOf(dataDir, projectId).egressSocket,
    agentBuild: labels[LABEL.agentBuild] ?? '',
    // The engine says year 1 for what never ran.
    startedAt: startedAt.getTime() > 0 ? startedAt : null,
    exitCode: status === 'exited' ? found.State.ExitCode : null,
  };
}
