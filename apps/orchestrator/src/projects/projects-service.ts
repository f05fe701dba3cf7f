import { randomUUID } from 'node:crypto';
import type { Project } from '@rose/contract';
import type { ContainersService } from '../containers/containers-service.ts';
import type { ProjectsRepository } from './projects-repository.ts';

/** How long a deleted project can be undeleted. */
const UNDELETE_MS = 7 * 24 * 60 * 60 * 1000;

/** What a person owns. */
export class ProjectsService {
  readonly #repository: ProjectsRepository;
  readonly #containers: ContainersService;

  constructor(repository: ProjectsRepository, containers: ContainersService) {
    this.#repository = repository;
    this.#containers = containers;
  }

  /**
   * Makes a project and its dev container as one deed.
   * @throws RoseError NAME_TAKEN, CONTAINER_FAILED, RUNTIME_UNAVAILABLE; then no project is left
   */
  async create(ownerId: number, intent: { name: string; description: string }, signal?: AbortSignal): Promise<Project> {
    const project = await this.#repository.create({ ownerId, ...intent, workspacePath: `ws-${randomUUID()}` });
    try {
      await this.#containers.wake(project.id, signal);
    } catch (error) {
      await this.#containers.remove(project.id).catch(() => {});
      await this.#repository.erase(project.id);
      throw error;
    }
    return await this.#repository.get(project.id);
  }

  async list(ownerId: number): Promise<Project[]> {
    return await this.#repository.list(ownerId, null);
  }

  /** Those that can still be undeleted. */
  async listDeleted(ownerId: number): Promise<Project[]> {
    return await this.#repository.list(ownerId, { deletedSince: undeletableSince() });
  }

  async get(projectId: number): Promise<Project> {
    return await this.#repository.get(projectId);
  }

  async rename(projectId: number, name: string): Promise<Project> {
    return await this.#repository.rename(projectId, name);
  }

  /** Keeps unsaved work as a checkpoint, removes container and volume; row and versions stay for undelete. */
  async delete(projectId: number): Promise<Project> {
    await this.#containers.remove(projectId);
    return await this.#repository.markDeleted(projectId);
  }

  async undelete(ownerId: number, projectId: number): Promise<Project> {
    return await this.#repository.undelete(projectId, ownerId, undeletableSince());
  }

  async start(projectId: number, signal?: AbortSignal): Promise<Project> {
    await this.#containers.wake(projectId, signal);
    return await this.#repository.get(projectId);
  }

  async stop(projectId: number): Promise<Project> {
    await this.#containers.stop(projectId);
    return await this.#repository.get(projectId);
  }
}

function undeletableSince(): Date {
  return new Date(Date.now() - UNDELETE_MS);
}
