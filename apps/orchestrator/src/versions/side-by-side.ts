import type { TreeEntry } from '@rose/snapshot';

/** The entries of two directories in pairs of the same name, sorted by it; null where one has none. */
export function* sideBySide(
  left: Iterable<TreeEntry>,
  right: Iterable<TreeEntry>,
): Generator<[left: TreeEntry | null, right: TreeEntry | null]> {
  const [lefts, rights] = [left[Symbol.iterator](), right[Symbol.iterator]()];
  let [a, b] = [lefts.next(), rights.next()];
  while (a.done !== true || b.done !== true) {
    const [old, now] = [a.done === true ? null : a.value, b.done === true ? null : b.value];
    const isLeft = old !== null && (now === null || old.name <= now.name);
    const isRight = now !== null && (old === null || now.name <= old.name);
    yield [isLeft ? old : null, isRight ? now : null];
    if (isLeft) a = lefts.next();
    if (isRight) b = rights.next();
  }
}
