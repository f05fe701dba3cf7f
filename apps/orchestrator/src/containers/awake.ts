import type { AgentConnection } from '../drivers/agent/agent-connection.ts';

/** A container that runs or is paused. */
export interface Awake {
  containerId: string;
  agent: AgentConnection;
  isPaused: boolean;
}

/** The containers that this orchestrator has brought up or taken over, with the ways to their agents. */
export class AwakeContainers {
  readonly #byProject = new Map<number, Awake>();

  get(projectId: number): Awake | undefined {
    return this.#byProject.get(projectId);
  }

  projects(): number[] {
    return [...this.#byProject.keys()];
  }

  add(projectId: number, containerId: string, agent: AgentConnection): void {
    this.#byProject.set(projectId, { containerId, agent, isPaused: false });
  }

  /** Forgets the container of a project, and closes the way to its agent. */
  async drop(projectId: number): Promise<void> {
    const awake = this.#byProject.get(projectId);
    this.#byProject.delete(projectId);
    await awake?.agent[Symbol.asyncDispose]();
  }
}
