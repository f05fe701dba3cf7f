import type { Writable } from 'node:stream';
import type { UnzippedArchive, ZipLimits } from '@rose/contract';
import type { Raw } from '@rose/snapshot';
import { close, openDirectory, type Fd } from '@rose/snapshot/disk';
import { openDirectoryAt } from '../files/locate.ts';
import type { Trash } from '../files/trash.ts';
import type { Workspace } from '../workspace.ts';
import { finishDirectories } from './assemble-tree.ts';
import { makeReadable } from './make-readable.ts';
import { mergeTree } from './merge.ts';
import { recoverStaging, Staging } from './staging.ts';
import type { InspectedZip } from './zip-entry.ts';

/** A zip that was unpacked beside the workspace; gone when disposed. */
export interface StagedZip extends Disposable {
  /** Absolute path of the tree. */
  tree: string;
  /** Modes in the zip of what nobody could read then; in the tree its owner can. */
  modes: ReadonlyMap<Raw, number>;
  zip: InspectedZip;
}

/** Loads what is otherwise loaded when it is needed, for the compile cache. */
export async function loadArchiveLibraries(): Promise<void> {
  await Promise.all([import('./write-zip.ts'), import('./extract-zip.ts'), import('extract-zip')]);
}

/** Zips of the live workspace, and zips into it. */
export class ArchiveService {
  readonly #workspace: Workspace;
  readonly #trash: Trash;

  constructor(workspace: Workspace, trash: Trash) {
    this.#workspace = workspace;
    this.#trash = trash;
    recoverStaging(workspace, trash);
  }

  /**
   * Writes a zip of a directory. `begin` is called when nothing was found that a zip cannot
   * hold, just before the first byte.
   * @throws RoseError ARCHIVE_REFUSED naming the path that a zip cannot hold
   */
  async zip(path: Raw, output: Writable, begin: () => void, signal: AbortSignal): Promise<void> {
    const directory = this.#open(path);
    try {
      const { checkTree, writeZip } = await import('./write-zip.ts');
      const totals = await checkTree(directory, signal);
      begin();
      await writeZip(directory, output, totals, signal);
    } finally {
      close(directory);
    }
  }

  /**
   * Unpacks a zip beside the workspace, to be read as a whole, without touching it.
   * @throws RoseError ARCHIVE_REFUSED, TOO_LARGE, NO_SPACE, CANCELLED
   */
  async stage(content: AsyncIterable<Uint8Array>, limits: ZipLimits, signal: AbortSignal): Promise<StagedZip> {
    const staging = new Staging(this.#workspace, this.#trash);
    try {
      const zip = await unpack(staging, content, limits, signal);
      const tree = openDirectory(staging.fd, 'tree' as Raw);
      try {
        const modes = makeReadable(tree, zip.entries);
        await finishDirectories(tree, zip.entries);
        return { tree: staging.tree, modes, zip, [Symbol.dispose]: () => staging[Symbol.dispose]() };
      } finally {
        close(tree);
      }
    } catch (error) {
      staging[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Unpacks a zip into a directory of the workspace, all or nothing: files that are there are
   * replaced, directories merged, the rest stays.
   * @throws RoseError as `stage`, and CONFLICT where a file meets a directory
   */
  async unzip(
    path: Raw,
    content: AsyncIterable<Uint8Array>,
    limits: ZipLimits,
    signal: AbortSignal,
  ): Promise<UnzippedArchive> {
    const target = this.#open(path);
    try {
      using staging = new Staging(this.#workspace, this.#trash);
      const zip = await unpack(staging, content, limits, signal);
      signal.throwIfAborted();
      mergeTree(staging.fd, target, path);
      await finishDirectories(target, zip.entries);
      return { entries: zip.entries.length, bytes: zip.bytes, ignored: zip.ignored };
    } finally {
      close(target);
    }
  }

  #open(path: Raw): Fd {
    const root = this.#workspace.open();
    try {
      return openDirectoryAt(root, path);
    } finally {
      close(root);
    }
  }
}

async function unpack(
  staging: Staging,
  content: AsyncIterable<Uint8Array>,
  limits: ZipLimits,
  signal: AbortSignal,
): Promise<InspectedZip> {
  const { extractZip } = await import('./extract-zip.ts');
  return await extractZip(await staging.receive(content, limits.zipBytes), staging.tree, limits, signal);
}
