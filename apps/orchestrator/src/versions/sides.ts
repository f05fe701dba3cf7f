import { joinRaw, type ObjectId, type Raw, type TreeEntry } from '@rose/snapshot';
import { sideBySide } from './side-by-side.ts';
import type { TreeSource } from './trees.ts';

/** A directory on both sides of a comparison; null where there is none. */
export interface Place {
  path: Raw;
  before: ObjectId | null;
  after: ObjectId | null;
}

export type Pair = [path: Raw, before: TreeEntry | null, after: TreeEntry | null];

/** Where the two trees of a comparison are read, and which of their paths matter. */
export class Sides {
  readonly #left: TreeSource;
  readonly #right: TreeSource;
  readonly #selects: (path: Raw) => boolean;

  constructor(left: TreeSource, right: TreeSource, selects: (path: Raw) => boolean) {
    this.#left = left;
    this.#right = right;
    this.#selects = selects;
  }

  /**
   * The entries of a directory side by side, sorted by name; of equal ones none.
   * @param behind only those after this name
   */
  async pairs({ path, before, after }: Place, behind?: Raw): Promise<IteratorObject<Pair, void>> {
    const isEqual = before === after;
    const left = before === null || isEqual ? [] : await this.#left.tree(before, behind);
    const right = after === null || isEqual ? [] : await this.#right.tree(after, behind);
    return this.#located(path, left, right);
  }

  *#located(path: Raw, left: Iterable<TreeEntry>, right: Iterable<TreeEntry>): Generator<Pair, void> {
    for (const [old, now] of sideBySide(left, right)) {
      const at = joinRaw(path, (old ?? now)!.name);
      if (this.#selects(at)) yield [at, old, now];
    }
  }

  /** Reads many directories at once, so that `pairs` of them is cheap. */
  async prefetch(places: readonly Place[]): Promise<void> {
    await this.#left.prefetch(places.flatMap(({ before }) => before ?? []));
    await this.#right.prefetch(places.flatMap(({ after }) => after ?? []));
  }
}

/** The directory that a pair stands for; null when it is none, or the same on both sides. */
export function placeOf([path, old, now]: Pair): Place | null {
  const [before, after] = [treeOf(old), treeOf(now)];
  return before === after ? null : { path, before, after };
}

function treeOf(entry: TreeEntry | null): ObjectId | null {
  return entry?.kind === 'directory' ? entry.tree : null;
}
