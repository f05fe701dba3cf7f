import type { Writable } from 'node:stream';
import { inBatchesAsync, type FileEntry, type TreeEntry } from '@rose/snapshot';
import { ZipWriter, type PackedContent, type ZipTotals } from '@rose/snapshot/zip';
import type { ObjectStore } from '../../drivers/objects/objects.ts';
import { chunksOf } from '../load-plan.ts';
import type { TreeSource } from '../trees.ts';
import type { StoredVersion, VersionsRepository } from '../versions-repository.ts';
import type { ProjectRef } from '../versions-service.ts';
import { openLarge, packFiles, type FileChunks } from './file-contents.ts';
import { checkEntries, versionEntries, type VersionEntry } from './version-entries.ts';

/** Files up to this are read and packed whole, many at a time. */
const SMALL_BYTES = 1024 * 1024;
/** Entries that are read ahead together, and bytes of their files. */
const WINDOW = { items: 250, bytes: 4 * 1024 * 1024 };

/** An entry with what of its content was read ahead. */
interface ReadEntry extends VersionEntry {
  content: PackedContent | null;
}

/** A version whose zip can be written. */
export interface VersionZip {
  number: number;
  /**
   * Writes it at the pace of `output`; resolves when that has taken all.
   * @throws RoseError DAMAGED, CANCELLED; then what was written is no zip
   */
  write(output: Writable, signal: AbortSignal): Promise<void>;
}

/** Zips of versions, straight from the store: no container is needed. */
export class Exporter {
  readonly #repository: VersionsRepository;
  readonly #objects: ObjectStore;
  readonly #treesOf: (ownerId: number) => TreeSource;

  constructor(repository: VersionsRepository, objects: ObjectStore, treesOf: (ownerId: number) => TreeSource) {
    this.#repository = repository;
    this.#objects = objects;
    this.#treesOf = treesOf;
  }

  /** @throws RoseError NOT_FOUND, ARCHIVE_REFUSED naming what a zip cannot hold, DAMAGED */
  async open({ id, ownerId }: ProjectRef, number: number, signal: AbortSignal): Promise<VersionZip> {
    const version = await this.#repository.get(id, number);
    const totals = await checkEntries(versionEntries(this.#treesOf(ownerId), version.root), signal);
    return { number, write: (output, stop) => this.#write(ownerId, version, totals, output, stop) };
  }

  async #write(
    ownerId: number,
    version: StoredVersion,
    totals: ZipTotals,
    output: Writable,
    signal: AbortSignal,
  ): Promise<void> {
    const zip = new ZipWriter(output, totals, signal);
    try {
      for await (const window of this.#windows(ownerId, version)) {
        for (const read of window) await this.#append(zip, ownerId, read);
      }
      await zip.finish();
    } catch (error) {
      zip.abort();
      throw error;
    }
  }

  async #append(zip: ZipWriter, ownerId: number, { path, entry, content }: ReadEntry): Promise<void> {
    if (entry.kind === 'directory') return await zip.directory(path, entry);
    if (entry.kind === 'symlink') return await zip.symlink(path, entry.target, entry);
    if (content !== null) return await zip.file(path, content, entry);
    const file = await this.#chunksOf(ownerId, entry);
    const { bytes, isCompressible } = await openLarge(this.#objects, ownerId, file);
    await zip.stream(path, entry.size, bytes, isCompressible, entry);
  }

  /** Reads one window while the one before is written. */
  async *#windows(ownerId: number, version: StoredVersion): AsyncGenerator<ReadEntry[]> {
    let ahead: Promise<ReadEntry[]> | null = null;
    const entries = versionEntries(this.#treesOf(ownerId), version.root);
    for await (const window of inBatchesAsync(entries, WINDOW, ({ entry }) => (isSmall(entry) ? entry.size : 0))) {
      const before = ahead;
      ahead = this.#read(ownerId, window);
      ahead.catch(() => {});
      if (before !== null) yield await before;
    }
    if (ahead !== null) yield await ahead;
  }

  async #read(ownerId: number, window: readonly VersionEntry[]): Promise<ReadEntry[]> {
    const files: FileChunks[] = [];
    for (const { entry } of window) if (isSmall(entry)) files.push(await this.#chunksOf(ownerId, entry));
    const contents = (await packFiles(this.#objects, ownerId, files)).values();
    return window.map((found) => ({ ...found, content: isSmall(found.entry) ? contents.next().value! : null }));
  }

  async #chunksOf(ownerId: number, entry: FileEntry): Promise<FileChunks> {
    return { entry, chunks: await chunksOf(this.#treesOf(ownerId), entry) };
  }
}

function isSmall(entry: TreeEntry): entry is FileEntry {
  return entry.kind === 'file' && entry.size <= SMALL_BYTES;
}
