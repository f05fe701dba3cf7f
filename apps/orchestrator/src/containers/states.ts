import { EventEmitter } from 'node:events';
import type { ProjectState, StateChange } from '@rose/contract';
import type { ContainersRepository } from './containers-repository.ts';

/** Whose states somebody watches. */
export interface StatesWatch {
  /** Those that are told first, as they are. */
  projects: () => Promise<readonly number[]>;
  /** Asked before each change is told: who could see a project a moment ago may not be able to now. */
  maySee: (projectId: number) => Promise<boolean>;
  signal: AbortSignal;
}

/** The states of projects: each change is written, then told to whoever watches. */
export class States {
  readonly #repository: Pick<ContainersRepository, 'setState' | 'states'>;
  readonly #changes = new EventEmitter<{ change: [StateChange] }>().setMaxListeners(0);

  constructor(repository: Pick<ContainersRepository, 'setState' | 'states'>) {
    this.#repository = repository;
  }

  /** @param reason for people, where there is something to say */
  async become(projectId: number, state: ProjectState, reason: string | null = null): Promise<void> {
    const change = await this.#repository.setState(projectId, state, reason);
    if (change !== null) this.#changes.emit('change', change);
  }

  /** For who watches a project that changed otherwise: whether he may still see it is asked again. */
  async repeat(projectId: number): Promise<void> {
    for (const state of await this.#repository.states([projectId])) this.#changes.emit('change', state);
  }

  /**
   * The states as they are, then each change until `signal` aborts: who was away misses nothing that still holds.
   * A reader that is too slow gets the newest state of each project.
   */
  async *watch({ projects, maySee, signal }: StatesWatch): AsyncGenerator<StateChange> {
    const untold = new Map<number, StateChange>();
    let wake = Promise.withResolvers<void>();
    const hear = (change: StateChange): void => {
      untold.set(change.projectId, change);
      wake.resolve();
    };
    const stop = (): void => wake.resolve();
    this.#changes.on('change', hear);
    signal.addEventListener('abort', stop, { once: true });
    try {
      // Listening first: what changes meanwhile is newer than what is read.
      for (const state of await this.#repository.states(await projects()))
        if (!untold.has(state.projectId)) untold.set(state.projectId, state);
      while (!signal.aborted) {
        for (const [projectId, change] of untold) {
          untold.delete(projectId);
          if ((await maySee(projectId)) && !signal.aborted) yield change;
        }
        if (untold.size > 0 || signal.aborted) continue;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      this.#changes.off('change', hear);
      signal.removeEventListener('abort', stop);
    }
  }
}
