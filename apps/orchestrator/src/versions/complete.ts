import { joinRaw, type Chunk, type FileEntry, type ObjectId, type Raw, type TreeEntry } from '@rose/snapshot';
import type { SentObjects } from './save-receiver.ts';
import { lied } from './save-receiver.ts';
import type { TreeSource } from './trees.ts';

/**
 * Checks that everything a saved tree refers to was sent with it or is part of its base, so
 * that no container can make a version of objects that it merely knows the hash of. Walks
 * only what was sent; the base is compared path by path, and read whole only for what moved.
 * @throws RoseError AGENT_LIED naming the path
 */
export async function requireComplete(
  root: ObjectId,
  base: ObjectId | null,
  sent: SentObjects,
  trees: TreeSource,
): Promise<void> {
  await new CompletenessCheck(base, sent, trees).tree(root, base, '' as Raw);
}

class CompletenessCheck {
  readonly #base: ObjectId | null;
  readonly #sent: SentObjects;
  readonly #trees: TreeSource;
  #baseObjects: Map<ObjectId, number> | null = null;
  readonly #checked = new Set<ObjectId>();

  constructor(base: ObjectId | null, sent: SentObjects, trees: TreeSource) {
    this.#base = base;
    this.#sent = sent;
    this.#trees = trees;
  }

  async tree(id: ObjectId, base: ObjectId | null, path: Raw): Promise<void> {
    if (id === base) return;
    if (!this.#sent.trees.has(id)) return await this.#inBase(id, null, path);
    if (this.#checked.has(id)) return;
    this.#checked.add(id);
    const before = new Map<Raw, TreeEntry>();
    if (base !== null) for (const entry of await this.#trees.tree(base)) before.set(entry.name, entry);
    for (const entry of await this.#trees.tree(id)) {
      const old = before.get(entry.name);
      const at = joinRaw(path, entry.name);
      if (entry.kind === 'directory') await this.tree(entry.tree, old?.kind === 'directory' ? old.tree : null, at);
      else if (entry.kind === 'file') await this.#file(entry, old?.kind === 'file' ? old : null, at);
    }
  }

  async #file({ content }: FileEntry, old: FileEntry | null, path: Raw): Promise<void> {
    if ('list' in content) {
      if (old !== null && 'list' in old.content && old.content.list === content.list) return;
      if (!this.#sent.lists.has(content.list)) return await this.#inBase(content.list, null, path);
    }
    const missing = (await this.#chunks(content)).filter(({ id }) => !this.#sent.chunks.has(id));
    if (missing.length === 0) return;
    const known = new Map(old === null ? [] : (await this.#chunks(old.content)).map(({ id, size }) => [id, size]));
    for (const { id, size } of missing) if (known.get(id) !== size) await this.#inBase(id, size, path);
  }

  async #chunks(content: FileEntry['content']): Promise<readonly Chunk[]> {
    return 'list' in content ? await this.#trees.list(content.list) : content.chunks;
  }

  async #inBase(id: ObjectId, size: number | null, path: Raw): Promise<void> {
    this.#baseObjects ??= await this.#readBase();
    const known = this.#baseObjects.get(id);
    if (known === undefined || (size !== null && known !== size)) {
      throw lied(`${JSON.stringify(path)} refers to an object that was neither sent nor part of the version before.`);
    }
  }

  /** Every object of the base, with the sizes of its chunks; trees and lists count 0. */
  async #readBase(): Promise<Map<ObjectId, number>> {
    const found = new Map<ObjectId, number>();
    const pending = this.#base === null ? [] : [this.#base];
    while (pending.length > 0) {
      const level = pending.splice(0, 500);
      await this.#trees.prefetch(level);
      for (const id of level) {
        if (found.has(id)) continue;
        found.set(id, 0);
        for (const entry of await this.#trees.tree(id)) {
          if (entry.kind === 'directory') pending.push(entry.tree);
          else if (entry.kind === 'file') await this.#addFile(found, entry);
        }
      }
    }
    return found;
  }

  async #addFile(found: Map<ObjectId, number>, { content }: FileEntry): Promise<void> {
    if ('list' in content) found.set(content.list, 0);
    for (const { id, size } of await this.#chunks(content)) found.set(id, size);
  }
}
