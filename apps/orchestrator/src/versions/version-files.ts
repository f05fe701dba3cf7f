import { notFound, RoseError, type DirectoryEntry, type DirectoryPage } from '@rose/contract';
import { fromText, mtimeNs, toText, type FileEntry, type Raw, type TreeEntry } from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { findEntry } from './find-entry.ts';
import { chunksOf } from './load-plan.ts';
import { readBatches } from './read-batches.ts';
import { verified, type TreeSource } from './trees.ts';
import type { StoredVersion, VersionsRepository } from './versions-repository.ts';
import type { ProjectRef } from './versions-service.ts';

/** Where a page of a directory begins, and how many entries it has at most. */
export interface DirectoryCursor {
  /** Name after which it begins; '' for the beginning. */
  cursor: string;
  limit: number;
}

/** The files of versions; no container is needed. */
export class VersionFiles {
  readonly #repository: Pick<VersionsRepository, 'get'>;
  readonly #objects: Pick<ObjectStore, 'read' | 'readAll'>;
  readonly #treesOf: (ownerId: number) => TreeSource;

  constructor(
    repository: Pick<VersionsRepository, 'get'>,
    objects: Pick<ObjectStore, 'read' | 'readAll'>,
    treesOf: (ownerId: number) => TreeSource,
  ) {
    this.#repository = repository;
    this.#objects = objects;
    this.#treesOf = treesOf;
  }

  /** One page of a directory of a version, or the one entry that `path` names. @throws RoseError NOT_FOUND, DAMAGED */
  async tree(
    project: ProjectRef,
    number: number,
    path: string,
    { cursor, limit }: DirectoryCursor,
  ): Promise<DirectoryPage> {
    const version = await this.#repository.get(project.id, number);
    const entry = await this.#entry(project, version, fromText(path));
    if (entry !== null && entry.kind !== 'directory') return { entries: [directoryEntry(entry)], next: null };
    const rest = await this.#treesOf(project.ownerId).tree(entry?.tree ?? version.root, fromText(cursor));
    const entries: DirectoryEntry[] = [];
    for (const next of rest) {
      if (entries.length === limit) return { entries, next: entries.at(-1)!.name };
      entries.push(directoryEntry(next));
    }
    return { entries, next: null };
  }

  /** A file of a version: its entry and its bytes, verified on the way. @throws RoseError NOT_FOUND, CONFLICT, DAMAGED */
  async file(
    project: ProjectRef,
    number: number,
    path: string,
  ): Promise<{ entry: FileEntry; bytes: AsyncGenerator<Buffer> }> {
    const version = await this.#repository.get(project.id, number);
    const entry = await this.#entry(project, version, fromText(path));
    if (entry?.kind !== 'file')
      throw new RoseError('CONFLICT', `${path === '' ? 'The workspace' : path} is no file in version ${number}.`);
    return { entry, bytes: this.#bytes(project, entry) };
  }

  async *#bytes({ ownerId }: ProjectRef, entry: FileEntry): AsyncGenerator<Buffer> {
    const chunks = await chunksOf(this.#treesOf(ownerId), entry);
    for await (const batch of readBatches(this.#objects, ownerId, chunks))
      for (const { id, size, data } of batch) yield verified(id, data, size);
  }

  /** The entry at a path of a version, null for its root. @throws RoseError NOT_FOUND */
  async #entry(project: ProjectRef, version: StoredVersion, path: Raw): Promise<TreeEntry | null> {
    if (path === '') return null;
    const entry = await findEntry(this.#treesOf(project.ownerId), version.root, path);
    if (entry === null) throw notFound(`"${toText(path)}" in version ${version.number}`);
    return entry;
  }
}

function directoryEntry(entry: TreeEntry): DirectoryEntry {
  const size = entry.kind === 'file' ? entry.size : entry.kind === 'symlink' ? entry.target.length : 0;
  return { name: toText(entry.name), kind: entry.kind, mode: entry.mode, size, mtimeNs: mtimeNs(entry) };
}
