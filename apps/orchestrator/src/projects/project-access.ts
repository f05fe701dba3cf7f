import { EventEmitter } from 'node:events';
import { notFound, RoseError, type ProjectRole } from '@rose/contract';
import { FreshCache } from '../fresh-cache.ts';
import type { ProjectAccessRepository } from './project-access-repository.ts';

/** A project and what the asker is in it. */
export interface ProjectGrant {
  id: number;
  ownerId: number;
  role: ProjectRole;
  /** The count of changes of roles before it was looked up. */
  asOf: number;
}

const RANK: Record<ProjectRole, number> = { viewer: 0, editor: 1, owner: 2 };

/** Who may do what with a project, and who has to be told when that changes. */
export class ProjectAccess {
  readonly #repository: ProjectAccessRepository;
  readonly #granted = new FreshCache<FoundGrant>();
  readonly #changed = new EventEmitter<Record<string, []>>().setMaxListeners(0);
  #changes = 0;

  constructor(repository: ProjectAccessRepository) {
    this.#repository = repository;
  }

  /**
   * The project, if this account may use it in at least this role.
   * @throws RoseError NOT_FOUND when it is not there, deleted, or not the account's to see: the same answer. FORBIDDEN
   *   when it is shared with the account in a lesser role.
   */
  async require(accountId: number, projectId: number, least: ProjectRole): Promise<ProjectGrant> {
    const asOf = this.#changes;
    const found = await this.#granted.get(eventOf(accountId, projectId), async () => {
      const grant = await this.#repository.find(accountId, projectId);
      return grant === null ? null : { ...grant, accountId };
    });
    if (found === null) throw notFound(`project ${projectId}`);
    if (RANK[found.role] < RANK[least])
      throw new RoseError('FORBIDDEN', `This takes the ${least} of the project; you are ${found.role} in it.`);
    return { id: found.id, ownerId: found.ownerId, role: found.role, asOf };
  }

  /** Calls back once when what the account is in the project is no longer what it was granted. */
  watch(accountId: number, project: ProjectGrant, onEnd: (reason: RoseError) => void): Disposable {
    const event = eventOf(accountId, project.id);
    let isOver = false;
    const stop = (): void => {
      isOver = true;
      this.#changed.off(event, look);
    };
    const look = (): void => {
      void this.#reason(accountId, project).then((reason) => {
        if (isOver || reason === null) return;
        stop();
        onEnd(reason);
      });
    };
    this.#changed.on(event, look);
    // It may have changed between the grant and here.
    if (project.asOf !== this.#changes) look();
    return { [Symbol.dispose]: stop };
  }

  /** Why a grant does not hold any more; null while it does. */
  async #reason(accountId: number, { id, role }: ProjectGrant): Promise<RoseError | null> {
    try {
      const now = await this.require(accountId, id, 'viewer');
      if (now.role === role) return null;
      return new RoseError('FORBIDDEN', `Your role in this project has changed: you are ${now.role} now.`);
    } catch (error) {
      // A database that is away takes nobody's right.
      return error instanceof RoseError && error.code === 'NOT_FOUND' ? error : null;
    }
  }

  /** How many changes of roles there have been: what was looked up before may hold no longer. */
  get changes(): number {
    return this.#changes;
  }

  /** Must be told when a project was deleted. */
  removed(projectId: number): void {
    this.#granted.forget(({ id }) => id === projectId);
  }

  /** Must be told when the role of an account in a project was changed or taken. */
  changed(accountId: number, projectId: number): void {
    this.#changes += 1;
    this.#granted.forget((grant) => grant.accountId === accountId && grant.id === projectId);
    this.#changed.emit(eventOf(accountId, projectId));
  }
}

/** What an account is in a project. */
interface FoundGrant extends Omit<ProjectGrant, 'asOf'> {
  accountId: number;
}

function eventOf(accountId: number, projectId: number): string {
  return `${accountId} in ${projectId}`;
}
