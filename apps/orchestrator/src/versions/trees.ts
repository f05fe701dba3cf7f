import { RoseError } from '@rose/contract';
import {
  decodeList,
  decodeTree,
  isList,
  ObjectError,
  openObject,
  readTree,
  type Chunk,
  type ObjectId,
  type Raw,
  type TreeEntry,
} from '@rose/snapshot';
import { LRUCache } from 'lru-cache';
import type { ObjectStore, SizedId } from '../drivers/objects/objects.ts';

/** Directories and chunk lists by id. */
export interface TreeSource {
  /**
   * The entries of a directory by name, as often as one asks for them; those of a large one are decoded each time.
   * @param after only those behind this name
   * @throws RoseError DAMAGED when it is missing or broken, which may come to light while it is read
   */
  tree(id: ObjectId, after?: Raw): Promise<Iterable<TreeEntry>>;
  /** The chunks of a file whose tree entry names a list. @throws RoseError DAMAGED */
  list(id: ObjectId): Promise<readonly Chunk[]>;
  /** Reads many trees at once, so that later calls of `tree` are cheap. */
  prefetch(ids: readonly ObjectId[]): Promise<void>;
}

const CACHE_BYTES = 40 * 1024 * 1024;
/** A decoded entry costs about this much more memory than its encoding. */
const DECODED_FACTOR = 8;
/** Larger directories are kept as they are encoded. */
const MAX_DECODED_BYTES = 256 * 1024;
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

  async tree(id: ObjectId, after?: Raw): Promise<Iterable<TreeEntry>> {
    const known = this.#cache.get(this.#key(id)) ?? (await this.#fetch(id));
    if (Buffer.isBuffer(known)) return new EncodedTree(known, after);
    return after === undefined ? known : known.filter(({ name }) => name > after);
  }

  async #fetch(id: ObjectId): Promise<KnownTree> {
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

  async #keep(id: ObjectId, encoding: Buffer): Promise<KnownTree> {
    const plain = isList(encoding) ? await this.#joined(encoding) : encoding;
    const isLarge = plain.length > MAX_DECODED_BYTES;
    const known = isLarge ? plain : decoded(() => decodeTree(plain));
    this.#cache.set(this.#key(id), known, { size: plain.length * (isLarge ? 1 : DECODED_FACTOR) + 64 });
    return known;
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

/** A directory that is decoded as it is read. @throws RoseError DAMAGED while it is */
export class EncodedTree implements Iterable<TreeEntry> {
  readonly #plain: Buffer;
  readonly #after: Raw | undefined;

  constructor(plain: Buffer, after?: Raw) {
    this.#plain = plain;
    this.#after = after;
  }

  *[Symbol.iterator](): Generator<TreeEntry, void> {
    try {
      yield* readTree(this.#plain, this.#after);
    } catch (error) {
      throw asDamage(error);
    }
  }
}

/** Decoded, or the plain bytes of a large one. */
type KnownTree = readonly TreeEntry[] | Buffer;
export type TreeCache = LRUCache<string, KnownTree>;

/** @param bytes that it takes, about */
export function createTreeCache(bytes = CACHE_BYTES): TreeCache {
  return new LRUCache({ maxSize: bytes });
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
    throw asDamage(error);
  }
}

function asDamage(error: unknown): unknown {
  if (!(error instanceof ObjectError)) return error;
  return new RoseError('DAMAGED', `The store is damaged: ${error.message} Run rose verify.`, {}, { cause: error });
}
