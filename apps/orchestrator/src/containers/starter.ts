import { RoseError } from '@rose/contract';
import type { Logger } from 'pino';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { Runtime } from '../drivers/runtime/runtime.ts';
import type { Awake, AwakeContainers } from './awake.ts';
import type { ContainerRow } from './containers-repository.ts';
import type { DevContainers } from './dev-containers.ts';
import type { Launcher } from './launcher.ts';
import type { PostCreates } from './post-create.ts';
import type { StartLines } from './start-lines.ts';
import type { States } from './states.ts';
import type { Stopper } from './stopper.ts';

export interface StarterOptions {
  runtime: Runtime;
  launcher: Launcher;
  stopper: Stopper;
  states: States;
  awake: AwakeContainers;
  devContainers: DevContainers;
  postCreates: PostCreates;
  lines: StartLines;
  log: Logger;
}

/** Brings containers up. Callers hold the project's turn. */
export class Starter {
  readonly #options: StarterOptions;
  readonly #closing = new AbortController();

  constructor(options: StarterOptions) {
    this.#options = options;
  }

  /**
   * Brings a container up; it counts as awake once `fill` made its workspace what it should be.
   * @throws RoseError of what failed; then no container is left, and the volume is as it was
   */
  async start<T>(
    project: ContainerRow,
    fill: (agent: AgentConnection) => Promise<T>,
  ): Promise<{ agent: AgentConnection; outcome: T }> {
    const { launcher, states, awake, devContainers, postCreates, lines } = this.#options;
    const { signal } = this.#closing;
    signal.throwIfAborted();
    await states.become(project.id, 'starting');
    let agent: AgentConnection | null = null;
    try {
      lines.begin(project.id);
      let container = await launcher.launch(project, signal);
      agent = await launcher.connect(container, project);
      const outcome = await fill(agent);
      // One that ran already is somebody's, with terminals: what the file says is for the next one.
      if ((await devContainers.note(project, agent)) && !container.isFound) {
        await agent[Symbol.asyncDispose]();
        container = await launcher.replace(project, container, signal);
        agent = await launcher.connect(container, project);
      }
      postCreates.begin(project, agent);
      await states.become(project.id, 'running');
      awake.add(project.id, { containerId: container.id, agent, isStale: container.isStale });
      return { agent, outcome };
    } catch (error) {
      await agent?.[Symbol.asyncDispose]();
      await this.#giveUp(project, error);
      throw error;
    }
  }

  async #giveUp(project: ContainerRow, error: unknown): Promise<void> {
    const { log, stopper, states } = this.#options;
    log.warn({ projectId: project.id, err: error }, 'a dev container did not start');
    await stopper.discard(project.id);
    const isDamage = error instanceof RoseError && (error.code === 'NEEDS_ATTENTION' || error.code === 'DAMAGED');
    if (isDamage) return await states.become(project.id, 'needs-attention', error.message);
    const before = project.baseVersion === null && project.state === 'absent' ? 'absent' : 'asleep';
    await states.become(project.id, before);
  }

  async resume(projectId: number, awake: Awake): Promise<void> {
    const { states, runtime } = this.#options;
    await runtime.resume(awake.containerId);
    awake.isPaused = false;
    await states.become(projectId, 'running');
  }

  /** Starts under way are cancelled, and none begins any more. */
  close(): void {
    this.#closing.abort(new RoseError('STOPPING', 'RoSE is stopping.'));
  }
}
