import type { Logger } from 'pino';
import type { ContainerInfo, Runtime } from '../drivers/runtime/runtime.ts';
import type { EgressProxy } from '../egress/supervisor.ts';
import type { Activity } from './activity.ts';
import type { AwakeContainers } from './awake.ts';
import type { ContainersRepository } from './containers-repository.ts';
import type { States } from './states.ts';

const STOP_GRACE_SECONDS = 5;
const SHUT_DOWN_GRACE_SECONDS = 1; // RoSE itself has 10 s to end.

export interface StopperOptions {
  repository: ContainersRepository;
  runtime: Runtime;
  egress: Pick<EgressProxy, 'close'>;
  states: States;
  awake: AwakeContainers;
  activity: Activity;
  log: Logger;
}

/** Takes containers away; volumes stay. Callers hold the project's turn. */
export class Stopper {
  readonly #options: StopperOptions;

  constructor(options: StopperOptions) {
    this.#options = options;
  }

  /** Removes the container of a project; one that cannot be removed now is found again later. */
  async discard(projectId: number): Promise<void> {
    const { repository, runtime, egress, awake, activity, log } = this.#options;
    activity.forget(projectId);
    await awake.drop(projectId);
    const { containerId } = await repository.get(projectId);
    try {
      await egress.close(projectId);
      if (containerId !== null && (await runtime.inspect(containerId)) !== null) {
        await runtime.stop(containerId, STOP_GRACE_SECONDS);
        await runtime.remove(containerId);
      }
      await repository.setContainer(projectId, null);
    } catch (error) {
      log.error({ projectId, err: error }, 'a dev container could not be removed; reconcile tries again');
    }
  }

  /** The same for one that may be nobody's, while RoSE itself ends. @throws RoseError when it cannot be removed */
  async end({ id, projectId }: ContainerInfo): Promise<void> {
    const { repository, runtime, egress, states, awake } = this.#options;
    await awake.drop(projectId);
    await runtime.stop(id, SHUT_DOWN_GRACE_SECONDS);
    await runtime.remove(id);
    await egress.close(projectId);
    await repository.setContainer(projectId, null);
    await states.become(projectId, 'asleep');
  }
}
