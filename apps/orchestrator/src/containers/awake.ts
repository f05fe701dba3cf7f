import type { AgentConnection } from '../drivers/agent/agent-connection.ts';

/** A container that runs or is paused. */
export interface Awake {
  containerId: string;
  agent: AgentConnection;
  isPaused: boolean;
  /** It has another agent than this orchestrator's: it is replaced at its next use. */
  readonly isStale: boolean;
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

  add(projectId: number, awake: Omit<Awake, 'isPaused'>): void {
    this.#byProject.set(projectId, { ...awake, isPaused: false });
  }

  /** Forgets the container of a project, and closes the way to its agent. */
  async drop(projectId: number): Promise<void> {
    const awake = this.#byProject.get(projectId);
    this.#byProject.delete(projectId);
    await awake?.agent[Symbol.asyncDispose]();
  }
}
