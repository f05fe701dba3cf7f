import { RoseError } from '@rose/contract';
import {
  decodeList,
  decodeTree,
  isList,
  ObjectError,
  openObject,
  type Chunk,
  type ObjectId,
  type TreeEntry,
} from '@rose/snapshot';
import { LRUCache } from 'lru-cache';
import type { ObjectStore, SizedId } from '../drivers/objects/objects.ts';

/** Directories and chunk lists by id. */
export interface TreeSource {
  /** @throws RoseError DAMAGED when it is missing or broken. */
  tree(id: ObjectId): Promise<readonly TreeEntry[]>;
  /** The chunks of a file whose tree entry names a list. @throws RoseError DAMAGED */
  list(id: ObjectId): Promise<readonly Chunk[]>;
  /** Reads many trees at once, so that later calls of `tree` are cheap. */
  prefetch(ids: readonly ObjectId[]): Promise<void>;
}

const CACHE_BYTES = 48 * 1024 * 1024;
/** A decoded entry costs about this much more memory than its encoding. */
const DECODED_FACTOR = 4;
/** A guess that only bounds the batches in which trees are read. */
const TREE_BYTES = 4096;

/** The trees of one owner, verified and decoded; the last used ones of all owners stay in memory. */
export class StoredTrees implements TreeSource {
  readonly #objects: Pick<ObjectStore, 'read'>;
  readonly #ownerId: number;
  readonly #cache: TreeCache;

  constructor(objects: Pick<ObjectStore, 'read'>, ownerId: number, cache: TreeCache) {
    this.#objects = objects;
    this.#ownerId = ownerId;
    this.#cache = cache;
  }

  async tree(id: ObjectId): Promise<readonly TreeEntry[]> {
    const cached = this.#cache.get(this.#key(id));
    if (cached !== undefined) return cached;
    const [plain] = await this.#plain([{ id, size: TREE_BYTES }]);
    return await this.#keep(id, plain!);
  }

  async list(id: ObjectId): Promise<readonly Chunk[]> {
    const [plain] = await this.#plain([{ id, size: TREE_BYTES }]);
    return decoded(() => decodeList(plain!));
  }

  async prefetch(ids: readonly ObjectId[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#cache.has(this.#key(id)));
    if (missing.length === 0) return;
    const wanted = missing.map((id) => ({ id, size: TREE_BYTES }));
    for await (const { id, size, data } of this.#objects.read(this.#ownerId, wanted))
      await this.#keep(id, verified(id, data, size));
  }

  #key(id: ObjectId): string {
    return `${this.#ownerId}:${id}`;
  }

  async #keep(id: ObjectId, encoding: Buffer): Promise<readonly TreeEntry[]> {
    const plain = isList(encoding) ? await this.#joined(encoding) : encoding;
    const entries = decoded(() => decodeTree(plain));
    this.#cache.set(this.#key(id), entries, { size: plain.length * DECODED_FACTOR + 64 });
    return entries;
  }

  async #joined(list: Buffer): Promise<Buffer> {
    return Buffer.concat(await this.#plain(decoded(() => decodeList(list))));
  }

  async #plain(ids: readonly SizedId[]): Promise<Buffer[]> {
    const found: Buffer[] = [];
    for await (const { id, size, data } of this.#objects.read(this.#ownerId, ids)) found.push(verified(id, data, size));
    return found;
  }
}

export type TreeCache = LRUCache<string, readonly TreeEntry[]>;

export function createTreeCache(): TreeCache {
  return new LRUCache({ maxSize: CACHE_BYTES });
}

/** Plain bytes of a stored object. @throws RoseError DAMAGED */
export function verified(id: ObjectId, data: Uint8Array, size: number): Buffer {
  return decoded(() => openObject(id, data, size));
}

/** What breaks the format in our own store is damage. */
function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ObjectError)
      throw new RoseError('DAMAGED', `The store is damaged: ${error.message} Run rose verify.`, {}, { cause: error });
    throw error;
  }
}
