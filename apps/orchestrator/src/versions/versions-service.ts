import type { Readable } from 'node:stream';
import {
  RoseError,
  type LoadPlan,
  type LoadResult,
  type SaveResult,
  type Version,
  type VersionDetails,
  type WorkspaceStatus,
} from '@rose/contract';
import type { ContainersService } from '../containers/containers-service.ts';
import type { Locks } from '../containers/locks.ts';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import type { ProjectAccess } from '../projects/project-access.ts';
import type { Quota } from '../store/quota.ts';
import { differencesBetween, pageOf } from './differences.ts';
import { LoadDeed, type LoadRequest } from './load-deed.ts';
import { findPaths } from './load-paths.ts';
import type { Page } from './load-plan.ts';
import type { Loader } from './loader.ts';
import { resultOf, type Saver } from './saver.ts';
import type { StoredVersion, VersionsRepository } from './versions-repository.ts';

export interface ProjectRef {
  id: number;
  ownerId: number;
}

export interface SaveIntent {
  message: string;
  full: boolean;
  requestId: string | undefined;
  authorId: number;
}

export interface ImportIntent {
  message: string;
  authorId: number;
}

export interface LoadIntent {
  /** Missing: the active version. */
  version?: number | undefined;
  /** A version of another project instead, of which only paths that are named are loaded; missing: its active one. */
  from?: { projectId: number; version?: number | undefined } | undefined;
  paths?: readonly string[] | undefined;
  discard: boolean;
  /** Who loads: he must be able to read where it comes from. */
  accountId: number;
}

export interface VersionsOptions {
  repository: VersionsRepository;
  objects: ObjectStore;
  saver: Saver;
  loader: Loader;
  quota: Quota;
  containers: ContainersService;
  access: Pick<ProjectAccess, 'require'>;
  /** One deed at a time per project. */
  locks: Locks;
}

/** Saving, loading and reading versions. */
export class VersionsService {
  readonly #options: VersionsOptions;
  readonly #deed: LoadDeed;

  constructor(options: VersionsOptions) {
    this.#options = options;
    this.#deed = new LoadDeed(options);
  }

  /** @throws RoseError BUSY, CANCELLED, LIMIT_EXCEEDED, AGENT_LIED … ; then no version was made. */
  async save(
    project: ProjectRef,
    { message, full, requestId, authorId }: SaveIntent,
    signal?: AbortSignal,
  ): Promise<SaveResult> {
    const { repository, saver, quota, containers, locks } = this.#options;
    using _ = await locks.hold(project.id, signal);
    const answered = requestId === undefined ? null : await repository.byRequest(project.id, requestId);
    if (answered !== null) return resultOf(answered);
    const agent = await containers.wake(project.id, signal);
    const order = {
      projectId: project.id,
      ownerId: project.ownerId,
      kind: 'manual' as const,
      message,
      authorId,
      requestId: requestId ?? null,
      full: full ? ('send' as const) : (false as const),
      unless: null,
      activates: true,
    };
    return (await quota.relieved(project.ownerId, () => saver.save(order, agent, signal))).result;
  }

  /**
   * Makes a version of a zip; the live workspace stays as it is, and the active version too.
   * @throws RoseError ARCHIVE_REFUSED, TOO_LARGE, NO_SPACE, and as `save`; then no version was made
   */
  async import(
    project: ProjectRef,
    { message, authorId }: ImportIntent,
    zip: Readable,
    signal: AbortSignal,
  ): Promise<SaveResult> {
    const { saver, quota, containers, locks } = this.#options;
    using _ = await locks.hold(project.id, signal);
    const agent = await containers.wake(project.id, signal);
    using _use = containers.activity.begin(project.id);
    const ids = { projectId: project.id, ownerId: project.ownerId };
    const order = {
      ...ids,
      kind: 'import' as const,
      message,
      authorId,
      requestId: null,
      full: false as const,
      unless: null,
      activates: false,
    };
    return (await quota.tidied(project.ownerId, () => saver.import(order, zip, agent, signal))).result;
  }

  /** The newest versions, or the newest before one; oldest first. */
  async list(project: ProjectRef, page: { before?: number | undefined; limit: number }): Promise<Version[]> {
    return await this.#options.repository.list(project.id, page);
  }

  /** All that is known of one version, how consistent it is among it. @throws RoseError NOT_FOUND */
  async get(project: ProjectRef, number: number): Promise<VersionDetails> {
    return await this.#options.repository.details(project.id, number);
  }

  /** What a load would do, one page of its paths; nothing is changed. */
  async plan(project: ProjectRef, intent: LoadIntent, page: Page, signal?: AbortSignal): Promise<LoadPlan> {
    using _ = await this.#options.locks.hold(project.id, signal);
    return await this.#within(project, intent, (request) => this.#deed.plan(request, page, signal));
  }

  /**
   * Loads a version, unsaved work kept as a checkpoint first. A whole version can be loaded although the project
   * needs attention: that is the way out.
   * @throws RoseError; then the workspace is as it was
   */
  async load(project: ProjectRef, intent: LoadIntent, signal?: AbortSignal): Promise<LoadResult> {
    using _ = await this.#options.locks.hold(project.id, signal);
    return await this.#within(project, intent, (request) => this.#deed.run(request, signal));
  }

  /** Loads what the last load replaced; undoing twice is a redo. */
  async undo(project: ProjectRef, accountId: number, signal?: AbortSignal): Promise<LoadResult> {
    const { repository, locks } = this.#options;
    using _ = await locks.hold(project.id, signal);
    const number = await repository.returnTo(project.id);
    if (number === null) throw new RoseError('CONFLICT', 'There is no load to undo in this project.');
    const intent: LoadIntent = { version: number, discard: false, accountId };
    return await this.#within(project, intent, (request) => this.#deed.run(request, signal));
  }

  /** Carries out a deed with what is to be loaded, which stays until the deed is done. */
  async #within<T>(
    project: ProjectRef,
    { version, from, paths, discard, accountId }: LoadIntent,
    deed: (request: LoadRequest) => Promise<T>,
  ): Promise<T> {
    const { access, objects, saver } = this.#options;
    const origin = from === undefined ? project : await access.require(accountId, from.projectId, 'viewer');
    const isOther = origin.id !== project.id;
    // The project's lock keeps its own versions; nothing else keeps those of another one from being deleted and collected.
    await using _ = isOther ? await objects.beginSave(origin.ownerId) : null;
    const target = await this.find(origin, from === undefined ? version : from.version);
    const trees = saver.treesOf(origin.ownerId);
    const wanted = paths === undefined || paths.length === 0 ? null : await findPaths(trees, target, paths);
    const source = isOther ? { projectId: origin.id, ownerId: origin.ownerId, trees } : undefined;
    return await deed({ projectId: project.id, ownerId: project.ownerId, target, source, paths: wanted, discard });
  }

  /** A version by number, or the active one. @throws RoseError NOT_FOUND */
  async find(project: ProjectRef, number: number | undefined): Promise<StoredVersion> {
    const { repository } = this.#options;
    if (number !== undefined) return await repository.get(project.id, number);
    const active = await repository.active(project.id);
    if (active === null)
      throw new RoseError('NOT_FOUND', 'This project has no active version. Save one first, or name a version.', {
        what: 'version',
      });
    return active;
  }

  /** What changed since the version that the workspace derives from, one page of it. */
  async status(project: ProjectRef, page: Page, signal?: AbortSignal): Promise<WorkspaceStatus> {
    const { saver, containers, locks } = this.#options;
    using _ = await locks.hold(project.id, signal);
    const agent = await containers.wake(project.id, signal);
    const live = await saver.scan({ projectId: project.id, ownerId: project.ownerId }, agent, signal);
    const changes = differencesBetween(live.trees, live.base?.root ?? null, live.root);
    return { base: live.base?.number ?? null, ...(await pageOf(changes, page)) };
  }
}
