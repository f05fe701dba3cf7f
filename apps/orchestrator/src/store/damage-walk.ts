import { joinRaw, type FileEntry, type ObjectId, type Raw, type TreeEntry } from '@rose/snapshot';
import type { TreeSource } from '../versions/trees.ts';

/** Finds the paths of versions that need an object which is missing or damaged. Trees found whole are not walked twice. */
export class DamageWalk {
  readonly #trees: TreeSource;
  /** Plain sizes of all objects that are there and whole. */
  readonly #whole: ReadonlyMap<ObjectId, number>;
  readonly #clean = new Set<ObjectId>();

  constructor(trees: TreeSource, whole: ReadonlyMap<ObjectId, number>) {
    this.#trees = trees;
    this.#whole = whole;
  }

  /** Paths below `root` that cannot be read; '' for the root itself. */
  async damaged(root: ObjectId): Promise<Raw[]> {
    const found: Raw[] = [];
    await this.#tree(root, '' as Raw, found);
    return found;
  }

  async #tree(id: ObjectId, path: Raw, found: Raw[]): Promise<void> {
    if (this.#clean.has(id)) return;
    const before = found.length;
    let entries: Iterable<TreeEntry>;
    let below: ObjectId[];
    try {
      if (!this.#whole.has(id)) return void found.push(path);
      entries = await this.#trees.tree(id);
      // Reads it to its end.
      below = this.#newTrees(entries);
    } catch {
      // The pieces of a cut tree, or what it says, are damaged: the reader cannot tell more.
      return void found.push(path);
    }
    await this.#trees.prefetch(below).catch(() => {});
    for (const entry of entries) {
      const at = joinRaw(path, entry.name);
      if (entry.kind === 'directory') await this.#tree(entry.tree, at, found);
      else if (entry.kind === 'file' && !(await this.#isReadable(entry))) found.push(at);
    }
    if (found.length === before) this.#clean.add(id);
  }

  #newTrees(entries: Iterable<TreeEntry>): ObjectId[] {
    const ids: ObjectId[] = [];
    for (const entry of entries)
      if (entry.kind === 'directory' && !this.#clean.has(entry.tree) && this.#whole.has(entry.tree))
        ids.push(entry.tree);
    return ids;
  }

  async #isReadable({ content }: FileEntry): Promise<boolean> {
    if ('list' in content && !this.#whole.has(content.list)) return false;
    const chunks = 'list' in content ? await this.#trees.list(content.list).catch(() => null) : content.chunks;
    return chunks !== null && chunks.every(({ id, size }) => this.#whole.get(id) === size);
  }
}
