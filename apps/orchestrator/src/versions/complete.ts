import type { Chunk, FileEntry, ObjectId, TreeEntry } from '@rose/snapshot';
import { unknownObject, wrongSize, type SentObjects } from './save-receiver.ts';
import { sideBySide } from './side-by-side.ts';
import type { TreeSource } from './trees.ts';

export interface CompletenessOptions {
  root: ObjectId;
  /** Root of the version that need not be sent again. */
  base: ObjectId | null;
  sent: SentObjects;
  trees: TreeSource;
  /** Trees only: a scan sends no content. */
  treesOnly: boolean;
}

/**
 * Checks that everything a saved tree refers to was sent with it or is part of its base, as what
 * it is referred to, so that no container can make a version of objects that it merely knows the
 * hash of. Walks only what was sent; the base is compared path by path, and read whole only for
 * what moved.
 * @throws RoseError AGENT_LIED
 */
export async function requireComplete(options: CompletenessOptions): Promise<void> {
  await new CompletenessCheck(options).tree(options.root, options.base);
}

/** Every object of a version, by what it is there. A file may hold the bytes of a tree: that makes no tree of it. */
interface BaseObjects {
  trees: Set<ObjectId>;
  /** With the size of the file. */
  lists: Map<ObjectId, number>;
  /** With their sizes. */
  chunks: Map<ObjectId, number>;
}

function sentTrees(entries: Iterable<TreeEntry>, sent: SentObjects): ObjectId[] {
  const ids: ObjectId[] = [];
  for (const entry of entries) if (entry.kind === 'directory' && sent.trees.has(entry.tree)) ids.push(entry.tree);
  return ids;
}

class CompletenessCheck {
  readonly #options: CompletenessOptions;
  readonly #checked = new Set<ObjectId>();
  #baseObjects: BaseObjects | null = null;

  constructor(options: CompletenessOptions) {
    this.#options = options;
  }

  async tree(id: ObjectId, base: ObjectId | null): Promise<void> {
    const { sent, trees, treesOnly } = this.#options;
    if (id === base) return;
    if (!sent.trees.has(id)) return await this.#requireInBase(({ trees: known }) => known.has(id));
    if (this.#checked.has(id)) return;
    this.#checked.add(id);
    const entries = await trees.tree(id);
    await trees.prefetch(sentTrees(entries, sent));
    for (const [old, entry] of sideBySide(base === null ? [] : await trees.tree(base), entries)) {
      if (entry === null) continue;
      if (entry.kind === 'directory') await this.tree(entry.tree, old?.kind === 'directory' ? old.tree : null);
      else if (entry.kind === 'file' && !treesOnly) await this.#file(entry, old?.kind === 'file' ? old : null);
    }
  }

  async #file({ content, size }: FileEntry, old: FileEntry | null): Promise<void> {
    if ('list' in content) {
      const { list } = content;
      const sentSize = this.#options.sent.lists.get(list);
      if (sentSize === undefined) {
        const isSame = old !== null && 'list' in old.content && old.content.list === list && old.size === size;
        return isSame ? undefined : await this.#requireInBase(({ lists }) => lists.get(list) === size);
      }
      if (sentSize !== size) throw wrongSize();
    }
    const missing = (await this.#chunks(content)).filter(
      (chunk) => this.#options.sent.chunks.get(chunk.id) !== chunk.size,
    );
    if (missing.length === 0) return;
    const known = new Map(old === null ? [] : (await this.#chunks(old.content)).map((chunk) => [chunk.id, chunk.size]));
    for (const chunk of missing) {
      if (known.get(chunk.id) !== chunk.size)
        await this.#requireInBase(({ chunks }) => chunks.get(chunk.id) === chunk.size);
    }
  }

  async #chunks(content: FileEntry['content']): Promise<readonly Chunk[]> {
    return 'list' in content ? await this.#options.trees.list(content.list) : content.chunks;
  }

  async #requireInBase(isKnown: (base: BaseObjects) => boolean): Promise<void> {
    this.#baseObjects ??= await this.#readBase();
    if (!isKnown(this.#baseObjects)) throw unknownObject();
  }

  async #readBase(): Promise<BaseObjects> {
    const { base, trees } = this.#options;
    const found: BaseObjects = { trees: new Set(), lists: new Map(), chunks: new Map() };
    const pending = base === null ? [] : [base];
    while (pending.length > 0) {
      const level = pending.splice(0, 500).filter((id) => !found.trees.has(id));
      await trees.prefetch(level);
      for (const id of level) {
        found.trees.add(id);
        for (const entry of await trees.tree(id)) {
          if (entry.kind === 'directory') pending.push(entry.tree);
          else if (entry.kind === 'file') await this.#addFile(found, entry);
        }
      }
    }
    return found;
  }

  async #addFile(found: BaseObjects, { content, size }: FileEntry): Promise<void> {
    if ('list' in content) {
      if (found.lists.has(content.list)) return;
      found.lists.set(content.list, size);
    }
    for (const chunk of await this.#chunks(content)) found.chunks.set(chunk.id, chunk.size);
  }
}
