import type { Logger } from 'pino';
import type { Runtime } from '../drivers/runtime/runtime.ts';
import type { ContainersRepository } from './containers-repository.ts';
import { collectVolumes } from './stray-volumes.ts';

/**
 * Brings rows and containers together after a crash: containers that no project names are
 * removed, projects whose container is gone are asleep, running ones stay and are adopted at
 * their next use. Volumes are never touched.
 */
export async function reconcile(repository: ContainersRepository, runtime: Runtime, log: Logger): Promise<void> {
  const projects = await repository.all();
  const containers = new Map((await runtime.list()).map((container) => [container.id, container]));
  for (const project of projects) {
    const container = project.containerId === null ? undefined : containers.get(project.containerId);
    const isAlive = container?.status === 'running' || container?.status === 'paused';
    if (isAlive && project.deletedAt === null) {
      containers.delete(container.id);
      if (project.state !== 'needs-attention')
        await repository.setState(project.id, container.status === 'paused' ? 'paused' : 'running');
      continue;
    }
    if (project.containerId !== null) await repository.setContainer(project.id, null);
    if (project.state !== 'absent' && project.state !== 'asleep' && project.state !== 'needs-attention')
      await repository.setState(project.id, 'asleep');
  }
  for (const orphan of containers.values()) {
    log.warn({ containerId: orphan.id, projectId: orphan.projectId }, 'a container without a project is removed');
    await runtime.remove(orphan.id);
  }
  const { removed, kept } = await collectVolumes(repository, runtime, true);
  if (removed.length + kept.length > 0)
    log.warn({ volumes: [...removed, ...kept] }, 'volumes of no project; rose gc removes those older than 7 days');
}
