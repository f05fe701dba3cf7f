import { randomUUID } from 'node:crypto';
import type { Project } from '@rose/contract';
import type { ContainersService } from '../containers/containers-service.ts';
import type { Histories } from '../versions/history/histories.ts';
import type { ReadVersion } from '../versions/history/history-reader.ts';
import type { Adoptions } from '../versions/adoptions.ts';
import type { ProjectRef, VersionsService } from '../versions/versions-service.ts';
import type { ProjectAccess, ProjectGrant } from './project-access.ts';
import type { Fill, NewProject, ProjectsRepository } from './projects-repository.ts';

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
  adoptions: Adoptions;
  access: Pick<ProjectAccess, 'removed'>;
}

/** What a person owns. */
export class ProjectsService {
  readonly #repository: ProjectsRepository;
  readonly #containers: ContainersService;
  readonly #versions: VersionsService;
  readonly #histories: Histories;
  readonly #adoptions: Adoptions;
  readonly #access: ProjectsOptions['access'];

  constructor({ repository, containers, versions, histories, adoptions, access }: ProjectsOptions) {
    this.#repository = repository;
    this.#containers = containers;
    this.#versions = versions;
    this.#histories = histories;
    this.#adoptions = adoptions;
    this.#access = access;
  }

  /**
   * Makes a project and its dev container as one deed.
   * @throws RoseError NAME_TAKEN, CONTAINER_FAILED, RUNTIME_UNAVAILABLE; then no project is left
   */
  async create(ownerId: number, intent: { name: string; description: string }, signal?: AbortSignal): Promise<Project> {
    return await this.#make({ ownerId, ...intent }, async () => {}, signal);
  }

  /**
   * Makes a project of the asker whose version 1 is a version that he may read. Of an own one no byte is copied; of
   * another owner's what he does not have yet, before there is anything to be seen.
   * @throws RoseError as `create`; NOT_FOUND when there is no such version; LIMIT_EXCEEDED when it would not fit his
   *   quota (then nothing is copied), BUSY, CANCELLED, DAMAGED
   */
  async fork(source: ProjectRef, intent: ForkIntent, ownerId: number, signal?: AbortSignal): Promise<Project> {
    const { number } = await this.#versions.find(source, intent.version);
    const { name, description } = intent;
    await this.#repository.requireFree(ownerId, name);
    const project = { ownerId, name, description, forkedFromId: source.id, forkedFromVersion: number };
    return await this.#adoptions.run(
      { source, number, ownerId },
      (adopt) => this.#make(project, adopt, signal),
      signal,
    );
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
      this.#make({ ownerId, ...intent }, (tx, id) => this.#histories.add(tx, id, versions), signal);
    return await this.#histories.import(ownerId, file, make, signal);
  }

  /** The file of a project's history. @throws RoseError DAMAGED, CANCELLED, while it is read */
  async exportHistory(project: ProjectRef, signal: AbortSignal): Promise<AsyncGenerator<Buffer>> {
    const { name, description } = await this.#repository.get(project.id, 'viewer');
    return this.#histories.export(project, { name, description }, signal);
  }

  async #make(project: Omit<NewProject, 'workspacePath'>, fill: Fill, signal?: AbortSignal): Promise<Project> {
    const id = await this.#repository.create({ ...project, workspacePath: `ws-${randomUUID()}` }, fill);
    try {
      await this.#containers.wake(id, signal);
    } catch (error) {
      await this.#containers.remove(id, false, async () => {}).catch(() => {});
      await this.#repository.erase(id);
      throw error;
    }
    return await this.#repository.get(id, 'owner');
  }

  /** His own, and those that others share with him. */
  async list(accountId: number): Promise<Project[]> {
    return await this.#repository.list(accountId);
  }

  /** Those that can still be undeleted. */
  async listDeleted(ownerId: number): Promise<Project[]> {
    return await this.#repository.listDeleted(ownerId, undeletableSince());
  }

  async get({ id, role }: ProjectGrant): Promise<Project> {
    return await this.#repository.get(id, role);
  }

  async rename(projectId: number, name: string): Promise<Project> {
    return await this.#repository.rename(projectId, name);
  }

  /** Keeps unsaved work as a checkpoint, removes container and volume; row and versions stay for undelete. */
  async delete(projectId: number): Promise<Project> {
    return await this.#containers.remove(projectId, true, async () => {
      const project = await this.#repository.markDeleted(projectId);
      this.#access.removed(projectId);
      return project;
    });
  }

  async undelete(ownerId: number, projectId: number): Promise<Project> {
    return await this.#repository.undelete(projectId, ownerId, undeletableSince());
  }

  async start(project: ProjectGrant, signal?: AbortSignal): Promise<Project> {
    await this.#containers.wake(project.id, signal);
    return await this.get(project);
  }

  async stop(project: ProjectGrant): Promise<Project> {
    await this.#containers.stop(project.id);
    return await this.get(project);
  }

  async restart(project: ProjectGrant, signal?: AbortSignal): Promise<Project> {
    await this.#containers.restart(project.id, signal);
    return await this.get(project);
  }
}

function undeletableSince(): Date {
  return new Date(Date.now() - UNDELETE_MS);
}
