import { RoseError, type StateChange } from '@rose/contract';
import type { ProjectAccess } from '../projects/project-access.ts';
import type { States } from './states.ts';

export interface StateWatchesOptions {
  states: States;
  access: Pick<ProjectAccess, 'require'>;
  /** Ids of the projects that an account has. */
  projectsOf: (accountId: number) => Promise<number[]>;
}

/** The states of projects, for those who may see them. */
export class StateWatches {
  readonly #options: StateWatchesOptions;

  constructor(options: StateWatchesOptions) {
    this.#options = options;
  }

  /** Of one project, until `signal` aborts. @throws RoseError NOT_FOUND once the account may not see it any more */
  one(accountId: number, projectId: number, signal: AbortSignal): AsyncGenerator<StateChange> {
    const { states, access } = this.#options;
    const maySee = async (changed: number): Promise<boolean> => {
      if (changed !== projectId) return false;
      await access.require(accountId, projectId, 'viewer');
      return true;
    };
    return states.watch({ projects: async () => [projectId], maySee, signal });
  }

  /** Of all that an account may see, also those that it gets meanwhile. */
  all(accountId: number, signal: AbortSignal): AsyncGenerator<StateChange> {
    const { states, access, projectsOf } = this.#options;
    const maySee = async (projectId: number): Promise<boolean> => {
      try {
        await access.require(accountId, projectId, 'viewer');
        return true;
      } catch (error) {
        if (error instanceof RoseError && error.code === 'NOT_FOUND') return false;
        throw error;
      }
    };
    return states.watch({ projects: () => projectsOf(accountId), maySee, signal });
  }
}
