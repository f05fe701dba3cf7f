import { RoseError } from '@rose/contract';
import { decodeList, isList, release, type Chunk, type ObjectId, type Raw, type TreeEntry } from '@rose/snapshot';
import type { NewObject, ObjectStore, SaveSession } from '../drivers/objects/objects.ts';
import type { SaveTarget } from './save-receiver.ts';
import { EncodedTree, verified, type StoredTrees, type TreeSource } from './trees.ts';

/** Where verified objects go: into the store, or only into memory. */

const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_OBJECTS = 1000;

/** Stores what arrives, one batch ahead of the reader. */
export class StoringTarget implements SaveTarget {
  readonly #session: SaveSession;
  readonly #objects: ObjectStore;
  readonly #ownerId: number;
  #batch = new Map<ObjectId, NewObject>();
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();
  /** Compressed bytes that the owner's store did not hold before. */
  newBytes = 0;

  constructor(session: SaveSession, objects: ObjectStore, ownerId: number) {
    this.#session = session;
    this.#objects = objects;
    this.#ownerId = ownerId;
  }

  async keep(object: NewObject, plain: Buffer): Promise<void> {
    release(plain);
    // The same bytes may come as a file and as a tree.
    const totals = object.totals ?? this.#batch.get(object.id)?.totals ?? null;
    this.#batch.set(object.id, { ...object, totals });
    this.#bytes += object.data.length;
    if (this.#bytes >= BATCH_BYTES || this.#batch.size >= BATCH_OBJECTS) await this.#send();
  }

  async #send(): Promise<void> {
    const batch = [...this.#batch.values()];
    this.#batch = new Map();
    this.#bytes = 0;
    await this.#writing;
    this.#writing = this.#put(batch);
    // A failure is told by the next batch or the flush, not as an unhandled rejection before.
    this.#writing.catch(() => {});
  }

  async #put(batch: readonly NewObject[]): Promise<void> {
    this.newBytes += await this.#session.put(batch);
  }

  async flush(): Promise<void> {
    await this.#send();
    await this.#writing;
  }

  totals(ids: readonly ObjectId[]) {
    return this.#objects.totals(this.#ownerId, ids);
  }

  async read(chunks: readonly Chunk[]): Promise<Buffer> {
    await this.flush();
    return await readAll(this.#objects, this.#ownerId, chunks);
  }
}

const MAX_SCAN_BYTES = 128 * 1024 * 1024;

/** Keeps the directories of a scan in memory, before those of the store. */
export class ScanTarget implements SaveTarget, TreeSource {
  readonly #objects: ObjectStore;
  readonly #ownerId: number;
  readonly #stored: StoredTrees;
  readonly #plain = new Map<ObjectId, Buffer>();
  #bytes = 0;

  constructor(objects: ObjectStore, ownerId: number, stored: StoredTrees) {
    this.#objects = objects;
    this.#ownerId = ownerId;
    this.#stored = stored;
  }

  async keep(object: NewObject, plain: Buffer): Promise<void> {
    this.#bytes += plain.length;
    if (this.#bytes > MAX_SCAN_BYTES) {
      const details = { limit: 'scanBytes', value: this.#bytes, allowed: MAX_SCAN_BYTES };
      throw new RoseError(
        'LIMIT_EXCEEDED',
        'Too much changed since the last version to be compared at once. Save first.',
        details,
      );
    }
    this.#plain.set(object.id, plain);
  }

  totals(ids: readonly ObjectId[]) {
    return this.#objects.totals(this.#ownerId, ids);
  }

  async read(chunks: readonly Chunk[]): Promise<Buffer> {
    return Buffer.concat(chunks.map(({ id }) => this.#plain.get(id) ?? missing(id)));
  }

  async tree(id: ObjectId, after?: Raw): Promise<Iterable<TreeEntry>> {
    const plain = this.#plain.get(id);
    if (plain === undefined) return await this.#stored.tree(id, after);
    return new EncodedTree(isList(plain) ? await this.read(decodeList(plain)) : plain, after);
  }

  async list(id: ObjectId): Promise<readonly Chunk[]> {
    const plain = this.#plain.get(id);
    return plain === undefined ? await this.#stored.list(id) : decodeList(plain);
  }

  async prefetch(ids: readonly ObjectId[]): Promise<void> {
    await this.#stored.prefetch(ids.filter((id) => !this.#plain.has(id)));
  }
}

function missing(id: ObjectId): never {
  throw new RoseError('AGENT_LIED', `The dev container named the object ${id} without sending it.`);
}

async function readAll(objects: ObjectStore, ownerId: number, chunks: readonly Chunk[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const { id, size, data } of objects.read(ownerId, chunks)) parts.push(verified(id, data, size));
  return Buffer.concat(parts);
}
