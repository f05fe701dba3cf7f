import { encodeList, type Chunk } from './content.ts';
import { MAX_TREE_BYTES } from './limits.ts';
import { idOf, type ObjectId } from './objects.ts';

/** A tree encoding over its bound, as the objects that stand for it. */
export interface CutTree {
  /** Id of the list: the id of the tree. */
  id: ObjectId;
  list: Buffer;
  chunks: { id: ObjectId; plain: Buffer }[];
}

/** null for an encoding that is an object itself. */
export function cutTree(encoding: Buffer): CutTree | null {
  if (encoding.length <= MAX_TREE_BYTES) return null;
  const chunks: CutTree['chunks'] = [];
  for (let at = 0; at < encoding.length; at += MAX_TREE_BYTES) {
    const plain = encoding.subarray(at, Math.min(at + MAX_TREE_BYTES, encoding.length));
    chunks.push({ id: idOf(plain), plain });
  }
  const list = encodeList(chunks.map(({ id, plain }): Chunk => ({ id, size: plain.length })));
  return { id: idOf(list), list, chunks };
}

/** The id by which a directory with this encoding is named. */
export function treeIdOf(encoding: Buffer): ObjectId {
  return cutTree(encoding)?.id ?? idOf(encoding);
}
