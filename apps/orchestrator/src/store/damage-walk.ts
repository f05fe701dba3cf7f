import { joinRaw, type FileEntry, type ObjectId, type Raw } from '@rose/snapshot';
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
    let entries;
    try {
      entries = this.#whole.has(id) ? await this.#trees.tree(id) : null;
    } catch {
      // The pieces of a cut tree, or what it says, are damaged: the reader cannot tell more.
      entries = null;
    }
    if (entries === null) {
      found.push(path);
      return;
    }
    await this.#trees
      .prefetch(entries.flatMap((entry) => (entry.kind === 'directory' && this.#isNew(entry.tree) ? [entry.tree] : [])))
      .catch(() => {});
    for (const entry of entries) {
      const at = joinRaw(path, entry.name);
      if (entry.kind === 'directory') await this.#tree(entry.tree, at, found);
      else if (entry.kind === 'file' && !(await this.#isReadable(entry))) found.push(at);
    }
    if (found.length === before) this.#clean.add(id);
  }

  #isNew(tree: ObjectId): boolean {
    return !this.#clean.has(tree) && this.#whole.has(tree);
  }

  async #isReadable({ content }: FileEntry): Promise<boolean> {
    if ('list' in content && !this.#whole.has(content.list)) return false;
    const chunks = 'list' in content ? await this.#trees.list(content.list).catch(() => null) : content.chunks;
    return chunks !== null && chunks.every(({ id, size }) => this.#whole.get(id) === size);
  }
}
