import { notFound, type Comparison, type FileComparison, type PathHistory } from '@rose/contract';
import { fromText, type FileEntry, type ObjectId, type Raw } from '@rose/snapshot';
import type { ContainersService } from '../containers/containers-service.ts';
import type { Locks } from '../containers/locks.ts';
import { hasSameContent } from '../versions/diff-trees.ts';
import { findEntry } from '../versions/find-entry.ts';
import type { Saver } from '../versions/saver.ts';
import type { TreeSource } from '../versions/trees.ts';
import type { StoredVersion, VersionsRepository } from '../versions/versions-repository.ts';
import type { Page } from '../versions/load-plan.ts';
import type { VersionFiles } from '../versions/version-files.ts';
import type { ProjectRef } from '../versions/versions-service.ts';
import { differencesBetween, pageOf } from '../versions/differences.ts';
import { readLiveFile } from './live-file.ts';
import { historyOf, type HistoryPage } from './path-history.ts';
import { compareBytes, MAX_TEXT_BYTES } from './line-diff.ts';

export interface ComparisonsOptions {
  repository: VersionsRepository;
  saver: Saver;
  files: VersionFiles;
  containers: ContainersService;
  locks: Locks;
}

/** Two states of a project to compare; without `to` the second is the live workspace. */
export interface Sides {
  from: number;
  to?: number | undefined;
}

interface Side {
  root: ObjectId;
  trees: TreeSource;
}

/** What differs between versions, or between a version and the live workspace. */
export class ComparisonsService {
  readonly #options: ComparisonsOptions;

  constructor(options: ComparisonsOptions) {
    this.#options = options;
  }

  /** One page of the changes. No container is needed between two versions. */
  async diff(project: ProjectRef, sides: Sides & Page, signal?: AbortSignal): Promise<Comparison> {
    const from = await this.#options.repository.get(project.id, sides.from);
    const after = await this.#side(project, sides.to, signal);
    const changes = differencesBetween(after.trees, from.root, after.root);
    return { from: sides.from, to: sides.to ?? null, ...(await pageOf(changes, sides)) };
  }

  /** One file, line by line where both sides are text. @throws RoseError NOT_FOUND when neither side has it */
  async fileDiff(
    project: ProjectRef,
    { from, to, path }: Sides & { path: string },
    signal?: AbortSignal,
  ): Promise<FileComparison> {
    const { repository, saver } = this.#options;
    const version = await repository.get(project.id, from);
    const raw = fromText(path);
    const before = await findFile(saver.treesOf(project.ownerId), version.root, raw);
    const after = await this.#side(project, to, signal);
    const now = await findFile(after.trees, after.root, raw);
    if (before === null && now === null) throw notFound(`file "${path}" on either side`);
    if (before !== null && now !== null && hasSameContent(before, now)) return { kind: 'same' };
    if (Math.max(before?.size ?? 0, now?.size ?? 0) > MAX_TEXT_BYTES)
      return { kind: 'binary', sizeBefore: before?.size ?? null, sizeAfter: now?.size ?? null };
    const old = before === null ? null : await this.#bytes(project, from, path);
    const fresh =
      now === null
        ? null
        : to === undefined
          ? await this.#live(project, path, signal)
          : await this.#bytes(project, to, path);
    return compareBytes(old, fresh);
  }

  /** One page of the versions in which a path changed. */
  async history(project: ProjectRef, path: string, page: HistoryPage): Promise<PathHistory> {
    const { repository, saver } = this.#options;
    return await historyOf(repository, saver.treesOf(project.ownerId), { projectId: project.id, path }, page);
  }

  async #side(project: ProjectRef, number: number | undefined, signal?: AbortSignal): Promise<Side> {
    const { repository, saver, containers, locks } = this.#options;
    if (number !== undefined) {
      const { root }: StoredVersion = await repository.get(project.id, number);
      return { root, trees: saver.treesOf(project.ownerId) };
    }
    using _ = await locks.hold(project.id, signal);
    const agent = await containers.wake(project.id, signal);
    return await saver.scan({ projectId: project.id, ownerId: project.ownerId }, agent, signal);
  }

  async #bytes(project: ProjectRef, number: number, path: string): Promise<Buffer> {
    const { bytes } = await this.#options.files.file(project, number, path);
    return Buffer.concat(await Array.fromAsync(bytes));
  }

  async #live(project: ProjectRef, path: string, signal?: AbortSignal): Promise<Buffer> {
    return await readLiveFile(await this.#options.containers.wake(project.id, signal), path, MAX_TEXT_BYTES, signal);
  }
}

async function findFile(trees: TreeSource, root: ObjectId, path: Raw): Promise<FileEntry | null> {
  const entry = await findEntry(trees, root, path);
  return entry?.kind === 'file' ? entry : null;
}
