import { randomUUID } from 'node:crypto';
import type { Project } from '@rose/contract';
import type { ContainersService } from '../containers/containers-service.ts';
import type { Histories } from '../versions/history/histories.ts';
import type { ReadVersion } from '../versions/history/history-reader.ts';
import type { ProjectRef, VersionsService } from '../versions/versions-service.ts';
import type { NewProject, ProjectsRepository } from './projects-repository.ts';

/** How long a deleted project can be undeleted. */
export const UNDELETE_MS = 7 * 24 * 60 * 60 * 1000;

export interface ForkIntent {
  /** Missing: the active version. */
  version?: number | undefined;
  name: string;
  description: string;
}

export interface ProjectsOptions {
  repository: ProjectsRepository;
  containers: ContainersService;
  versions: VersionsService;
  histories: Histories;
}

/** What a person owns. */
export class ProjectsService {
  readonly #repository: ProjectsRepository;
  readonly #containers: ContainersService;
  readonly #versions: VersionsService;
  readonly #histories: Histories;

  constructor({ repository, containers, versions, histories }: ProjectsOptions) {
    this.#repository = repository;
    this.#containers = containers;
    this.#versions = versions;
    this.#histories = histories;
  }

  /**
   * Makes a project and its dev container as one deed.
   * @throws RoseError NAME_TAKEN, CONTAINER_FAILED, RUNTIME_UNAVAILABLE; then no project is left
   */
  async create(ownerId: number, intent: { name: string; description: string }, signal?: AbortSignal): Promise<Project> {
    return await this.#make({ ownerId, ...intent }, async () => {}, signal);
  }

  /**
   * Makes a project whose version 1 is a version of another project of the same owner: no byte is copied.
   * @throws RoseError as `create`; NOT_FOUND when there is no such version
   */
  async fork(source: ProjectRef, intent: ForkIntent, authorId: number, signal?: AbortSignal): Promise<Project> {
    const { number } = await this.#versions.find(source, intent.version);
    const { name, description } = intent;
    const project = { ownerId: source.ownerId, name, description, forkedFromId: source.id, forkedFromVersion: number };
    return await this.#make(project, (made) => this.#versions.adopt(made.id, source, number, authorId), signal);
  }

  /**
   * Makes a project of a history that was exported, here or elsewhere, with all its versions. Nothing is to be seen of it
   * before everything is checked.
   * @throws RoseError as `create`; ARCHIVE_REFUSED, LIMIT_EXCEEDED
   */
  async importHistory(
    ownerId: number,
    intent: { name: string; description: string },
    file: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Project> {
    await this.#repository.requireFree(ownerId, intent.name);
    const make = (versions: readonly ReadVersion[]): Promise<Project> =>
      this.#make({ ownerId, ...intent }, (made) => this.#histories.add(made.id, versions), signal);
    return await this.#histories.import(ownerId, file, make, signal);
  }

  /** The file of a project's history. @throws RoseError DAMAGED, CANCELLED, while it is read */
  async exportHistory(project: ProjectRef, signal: AbortSignal): Promise<AsyncGenerator<Buffer>> {
    const { name, description } = await this.#repository.get(project.id);
    return this.#histories.export(project, { name, description }, signal);
  }

  async #make(
    project: Omit<NewProject, 'workspacePath'>,
    prepare: (project: Project) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<Project> {
    const made = await this.#repository.create({ ...project, workspacePath: `ws-${randomUUID()}` });
    try {
      await prepare(made);
      await this.#containers.wake(made.id, signal);
    } catch (error) {
      await this.#containers.remove(made.id, false, async () => {}).catch(() => {});
      await this.#repository.erase(made.id);
      throw error;
    }
    return await this.#repository.get(made.id);
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
    return await this.#containers.remove(projectId, true, () => this.#repository.markDeleted(projectId));
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
