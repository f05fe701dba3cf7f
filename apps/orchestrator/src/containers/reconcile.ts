import type { Logger } from 'pino';
import type { Runtime } from '../drivers/runtime/runtime.ts';
import { AT_REST, isAlive, type Caretaker } from './caretaker.ts';
import type { ContainersRepository } from './containers-repository.ts';
import type { States } from './states.ts';
import { collectVolumes } from './stray-volumes.ts';

export interface Reconciled {
  repository: ContainersRepository;
  states: States;
  runtime: Runtime;
  log: Logger;
}

/**
 * Brings rows and containers together after a crash, before anything else runs: containers that no project names are
 * removed, projects whose container is gone are asleep, running ones stay and are adopted at
 * their next use. Volumes are never touched.
 */
export async function reconcile({ repository, states, runtime, log }: Reconciled): Promise<void> {
  const projects = await repository.all();
  const containers = new Map((await runtime.list()).map((container) => [container.id, container]));
  for (const project of projects) {
    const container = project.containerId === null ? undefined : containers.get(project.containerId);
    if (container !== undefined && isAlive(container) && project.deletedAt === null) {
      containers.delete(container.id);
      if (project.state !== 'needs-attention')
        await states.become(project.id, container.status === 'paused' ? 'paused' : 'running');
      continue;
    }
    if (project.containerId !== null) await repository.setContainer(project.id, null);
    if (!AT_REST.has(project.state)) await states.become(project.id, 'asleep');
  }
  for (const orphan of containers.values()) {
    log.warn({ containerId: orphan.id, projectId: orphan.projectId }, 'a container without a project is removed');
    await runtime.remove(orphan.id);
  }
  const { removed, kept } = await collectVolumes(repository, runtime, true);
  if (removed.length + kept.length > 0)
    log.warn({ volumes: [...removed, ...kept] }, 'volumes of no project; rose gc removes those older than 7 days');
}

/**
 * The same while everything runs, for what came apart since the start: a removal that failed, an engine that was
 * away. What looks wrong is looked at again in its project's turn, since a deed may be in the middle of it. Never throws.
 */
export async function sweep({ repository, runtime, care, log }: Swept): Promise<void> {
  try {
    const containers = await runtime.list();
    const projects = await repository.all();
    const named = new Set(projects.map(({ containerId }) => containerId));
    for (const container of containers) if (!named.has(container.id)) await care.removeStray(container);
    const alive = new Set(containers.filter(isAlive).map(({ id }) => id));
    for (const { id, state, containerId } of projects) {
      if (containerId !== null && (AT_REST.has(state) || !alive.has(containerId))) await care.clear(id, containerId);
    }
  } catch (err) {
    log.warn({ err }, 'rows and containers could not be compared; the next round tries again');
  }
}

export interface Swept {
  repository: Pick<ContainersRepository, 'all'>;
  runtime: Pick<Runtime, 'list'>;
  care: Pick<Caretaker, 'removeStray' | 'clear'>;
  log: Logger;
}

/** Removes what earlier builds of RoSE left at the engine and nobody uses. Never throws. */
export async function removeLeftovers(
  { runtime, log }: { runtime: Pick<Runtime, 'removeUnused'>; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  try {
    const removed = await runtime.removeUnused(signal);
    if (removed.length > 0) log.info({ removed }, 'what earlier builds of RoSE left and nobody uses was removed');
  } catch (err) {
    if (!signal.aborted) log.warn({ err }, 'what earlier builds of RoSE left could not be removed');
  }
}
