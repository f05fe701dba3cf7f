import type { ContainerInfo } from '../drivers/runtime/runtime.ts';
import type { ContainersOptions } from './containers-options.ts';
import type { AwakeContainers } from './awake.ts';
import type { ContainerRow } from './containers-repository.ts';
import type { Locks } from './locks.ts';
import type { Stopper } from './stopper.ts';

export interface CaretakerOptions extends Pick<
  ContainersOptions,
  'repository' | 'runtime' | 'states' | 'isTakenOver' | 'log'
> {
  turns: Locks;
  awake: AwakeContainers;
  stopper: Stopper;
  restore: (project: ContainerRow) => Promise<unknown>;
}

const PROBE_MS = 5000;

/** Deals with what happens to containers without a deed of ours: they are found, end, hang, go astray. */
export class Caretaker {
  readonly #options: CaretakerOptions;

  constructor(options: CaretakerOptions) {
    this.#options = options;
  }

  /** Takes over a container that an earlier orchestrator left running, unless it was used or has gone meanwhile. */
  async adopt(projectId: number, containerId: string): Promise<void> {
    const { turns, repository, awake, restore } = this.#options;
    using _ = await turns.hold(projectId);
    const project = await repository.living(projectId);
    if (awake.get(projectId) === undefined && project.containerId === containerId) await restore(project);
  }

  /** Whether the container of a project that is awake still runs; forgets it when it ended and nobody told. */
  async look(projectId: number): Promise<boolean> {
    const { awake, runtime } = this.#options;
    const known = awake.get(projectId);
    if (known === undefined) return false;
    if (isAlive(await runtime.inspect(known.containerId))) return true;
    await this.ended(projectId, known.containerId);
    return false;
  }

  /** Forgets a container that ended by itself. */
  async ended(projectId: number, containerId: string): Promise<void> {
    const { turns, awake, stopper, states } = this.#options;
    if (awake.get(projectId)?.containerId !== containerId) return;
    using _ = await turns.hold(projectId);
    if (awake.get(projectId)?.containerId !== containerId) return;
    await stopper.discard(projectId);
    await states.become(projectId, 'asleep');
  }

  /** Whether the agent of a project answers within 5 s. A paused one is not asked: it could not. */
  async answers(projectId: number): Promise<boolean> {
    const { awake } = this.#options;
    const known = awake.get(projectId);
    if (known === undefined || known.isPaused) return true;
    try {
      const signal = AbortSignal.timeout(PROBE_MS);
      const { status, body } = await known.agent.request({ method: 'GET', path: '/healthz', role: 'system', signal });
      await body.dump({ limit: 4096 });
      return status === 200;
    } catch {
      // Paused or gone since.
      return awake.get(projectId) !== known || known.isPaused;
    }
  }

  /** Removes a container that no project names, unless one has come to name it. */
  async removeStray({ id, projectId }: ContainerInfo): Promise<void> {
    const { turns, repository, runtime, isTakenOver, log } = this.#options;
    using _ = await turns.hold(projectId);
    if (isTakenOver()) return;
    const named = await repository.find(projectId);
    if (named?.containerId === id) return;
    log.warn({ containerId: id, projectId }, 'a container without a project is removed');
    await runtime.remove(id);
  }

  /** Takes away what is left of a container that ended, or should have gone, while nobody looked. */
  async clear(projectId: number, containerId: string): Promise<void> {
    const { turns, repository, runtime, awake, stopper, states } = this.#options;
    using _ = await turns.hold(projectId);
    const project = await repository.find(projectId);
    if (project?.containerId !== containerId || awake.get(projectId) !== undefined) return;
    const isWanted = !AT_REST.has(project.state);
    // Left by an earlier orchestrator, and not taken over yet.
    if (isWanted && isAlive(await runtime.inspect(containerId))) return;
    await stopper.discard(projectId);
    if (isWanted) await states.become(projectId, 'asleep');
  }
}

/** States of projects that have no container. */
export const AT_REST: ReadonlySet<ContainerRow['state']> = new Set(['absent', 'asleep', 'needs-attention']);

export function isAlive(container: Pick<ContainerInfo, 'status'> | null | undefined): boolean {
  return container?.status === 'running' || container?.status === 'paused';
}
