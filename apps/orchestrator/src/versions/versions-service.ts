import type { Readable } from 'node:stream';
import {
  notFound,
  RoseError,
  type DirectoryEntry,
  type LoadPlan,
  type LoadResult,
  type SaveResult,
  type Version,
  type WorkspaceStatus,
} from '@rose/contract';
import { fromText, mtimeNs, toText, type FileEntry, type Raw, type TreeEntry } from '@rose/snapshot';
import type { ContainersService } from '../containers/containers-service.ts';
import type { Locks } from '../containers/locks.ts';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import type { Quota } from '../store/quota.ts';
import { differencesBetween } from './differences.ts';
import { findEntry } from './find-entry.ts';
import { LoadDeed, type LoadRequest } from './load-deed.ts';
import { findPaths } from './load-paths.ts';
import type { Loader } from './loader.ts';
import { chunksOf } from './load-plan.ts';
import { resultOf, type Saver } from './saver.ts';
import { verified } from './trees.ts';
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
  paths?: readonly string[] | undefined;
  discard: boolean;
}

export interface VersionsOptions {
  repository: VersionsRepository;
  objects: ObjectStore;
  saver: Saver;
  loader: Loader;
  quota: Quota;
  containers: ContainersService;
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

  async list(project: ProjectRef): Promise<Version[]> {
    return await this.#options.repository.list(project.id);
  }

  /** What a load would do; nothing is changed. */
  async plan(project: ProjectRef, intent: LoadIntent, signal?: AbortSignal): Promise<LoadPlan> {
    using _ = await this.#options.locks.hold(project.id, signal);
    return await this.#deed.plan(await this.#request(project, intent), signal);
  }

  /**
   * Loads a version, unsaved work kept as a checkpoint first. A whole version can be loaded although the project
   * needs attention: that is the way out.
   * @throws RoseError; then the workspace is as it was
   */
  async load(project: ProjectRef, intent: LoadIntent, signal?: AbortSignal): Promise<LoadResult> {
    using _ = await this.#options.locks.hold(project.id, signal);
    return await this.#deed.run(await this.#request(project, intent), signal);
  }

  /** Loads what the last load replaced; undoing twice is a redo. */
  async undo(project: ProjectRef, signal?: AbortSignal): Promise<LoadResult> {
    const { repository, locks } = this.#options;
    using _ = await locks.hold(project.id, signal);
    const number = await repository.returnTo(project.id);
    if (number === null) throw new RoseError('CONFLICT', 'There is no load to undo in this project.');
    return await this.#deed.run(await this.#request(project, { version: number, discard: false }), signal);
  }

  async #request(project: ProjectRef, { version, paths, discard }: LoadIntent): Promise<LoadRequest> {
    const target = await this.find(project, version);
    const trees = this.#options.saver.treesOf(project.ownerId);
    const wanted = paths === undefined || paths.length === 0 ? null : await findPaths(trees, target, paths);
    return { projectId: project.id, ownerId: project.ownerId, target, paths: wanted, discard };
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

  /**
   * Makes a version of another project of the same owner this project's version 1: the same tree, and no new byte.
   * @throws RoseError NOT_FOUND when the version is gone
   */
  async adopt(projectId: number, source: ProjectRef, number: number, authorId: number): Promise<void> {
    const { objects, repository } = this.#options;
    // While this is held nothing is collected, so the objects are there when the new row is.
    await using _ = await objects.beginSave(source.ownerId);
    const { root, rootMtimeNs, files, logicalBytes, changed, skipped } = await repository.get(source.id, number);
    const facts = { root, rootMtimeNs, files, logicalBytes, storedBytes: 0, durationMs: 0, changed, skipped };
    const message = `Forked from version ${number} of project ${source.id}`;
    await repository.add({ projectId, message, kind: 'fork', authorId, requestId: null, activates: true, ...facts });
  }

  /** What changed since the version that the workspace derives from. */
  async status(project: ProjectRef, signal?: AbortSignal): Promise<WorkspaceStatus> {
    const { saver, containers, locks } = this.#options;
    using _ = await locks.hold(project.id, signal);
    const agent = await containers.wake(project.id, signal);
    const live = await saver.scan({ projectId: project.id, ownerId: project.ownerId }, agent, signal);
    const base = live.base;
    return { base: base?.number ?? null, changes: await differencesBetween(live.trees, base?.root ?? null, live.root) };
  }

  /** A directory of a version, or the one entry that `path` names. No container is needed. */
  async tree(project: ProjectRef, number: number, path: string): Promise<DirectoryEntry[]> {
    const { repository, saver } = this.#options;
    const version = await repository.get(project.id, number);
    const entry = await this.#entry(project, version, fromText(path));
    if (entry !== null && entry.kind !== 'directory') return [directoryEntry(entry)];
    const entries = await saver.treesOf(project.ownerId).tree(entry?.tree ?? version.root);
    return entries.map(directoryEntry);
  }

  /** A file of a version: its size and its bytes, verified on the way. */
  async file(
    project: ProjectRef,
    number: number,
    path: string,
  ): Promise<{ entry: FileEntry; bytes: AsyncGenerator<Buffer> }> {
    const version = await this.#options.repository.get(project.id, number);
    const entry = await this.#entry(project, version, fromText(path));
    if (entry?.kind !== 'file')
      throw new RoseError('CONFLICT', `${path === '' ? 'The workspace' : path} is no file in version ${number}.`);
    return { entry, bytes: this.#bytes(project, entry) };
  }

  async *#bytes(project: ProjectRef, entry: FileEntry): AsyncGenerator<Buffer> {
    const { objects, saver } = this.#options;
    const chunks = await chunksOf(saver.treesOf(project.ownerId), entry);
    for await (const { id, size, data } of objects.read(project.ownerId, chunks)) yield verified(id, data, size);
  }

  /** The entry at a path of a version, null for its root. @throws RoseError NOT_FOUND */
  async #entry(project: ProjectRef, version: StoredVersion, path: Raw): Promise<TreeEntry | null> {
    if (path === '') return null;
    const entry = await findEntry(this.#options.saver.treesOf(project.ownerId), version.root, path);
    if (entry === null) throw notFound(`"${toText(path)}" in version ${version.number}`);
    return entry;
  }
}

function directoryEntry(entry: TreeEntry): DirectoryEntry {
  const size = entry.kind === 'file' ? entry.size : entry.kind === 'symlink' ? entry.target.length : 0;
  return { name: toText(entry.name), kind: entry.kind, mode: entry.mode, size, mtimeNs: mtimeNs(entry) };
}
