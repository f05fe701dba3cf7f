import { RoseError } from '@rose/contract';
import { decodeList, isList, ObjectError, readTree, type ObjectId } from '@rose/snapshot';
import type { ObjectStore, SizedId } from '../drivers/objects/objects.ts';
import { verified } from '../versions/trees.ts';

/**
 * Which way an object is referred to. The same bytes may be a directory here and a file there, and
 * only as a directory they name others.
 */
export type Role = 'tree' | 'list' | 'chunk';

/** Told each object as often as it is referred to. @returns whether to go on to what it names; it may say so twice */
export type Visit = (id: ObjectId, role: Role) => boolean;

/** Trees and lists are small; this only bounds the batches they are read in. */
const GUESS_BYTES = 4096;
const BATCH = 2000;

/**
 * Walks everything that some root trees reach.
 * @throws RoseError DAMAGED when a tree or a list is missing or broken
 */
export async function walkObjects(
  objects: Pick<ObjectStore, 'read'>,
  ownerId: number,
  roots: Iterable<ObjectId>,
  visit: Visit,
): Promise<void> {
  const walk = new ObjectWalk(objects, ownerId, visit);
  await walk.run(roots);
}

class ObjectWalk {
  readonly #objects: Pick<ObjectStore, 'read'>;
  readonly #ownerId: number;
  readonly #visit: Visit;
  readonly #pending: { id: ObjectId; role: Role }[] = [];

  constructor(objects: Pick<ObjectStore, 'read'>, ownerId: number, visit: Visit) {
    this.#objects = objects;
    this.#ownerId = ownerId;
    this.#visit = visit;
  }

  async run(roots: Iterable<ObjectId>): Promise<void> {
    for (const root of roots) this.#meet(root, 'tree');
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(-BATCH);
      const wanted = batch.map(({ id }): SizedId => ({ id, size: GUESS_BYTES }));
      let at = 0;
      for await (const { id, size, data } of this.#objects.read(this.#ownerId, wanted)) {
        await this.#expand(batch[at]!.role, verified(id, data, size));
        at += 1;
      }
    }
  }

  #meet(id: ObjectId, role: Role): void {
    if (this.#visit(id, role)) this.#pending.push({ id, role });
  }

  async #expand(role: Role, plain: Buffer): Promise<void> {
    try {
      if (role === 'list') this.#meetChunks(plain);
      else this.#expandTree(isList(plain) ? await this.#joined(plain) : plain);
    } catch (cause) {
      if (!(cause instanceof ObjectError)) throw cause;
      throw new RoseError('DAMAGED', `The store is damaged: ${cause.message} Run rose verify.`, {}, { cause });
    }
  }

  #expandTree(plain: Buffer): void {
    for (const entry of readTree(plain)) {
      if (entry.kind === 'directory') this.#meet(entry.tree, 'tree');
      else if (entry.kind === 'file') {
        if ('list' in entry.content) this.#meet(entry.content.list, 'list');
        else for (const { id } of entry.content.chunks) this.#visit(id, 'chunk');
      }
    }
  }

  #meetChunks(list: Buffer): void {
    for (const { id } of decodeList(list)) this.#visit(id, 'chunk');
  }

  async #joined(list: Buffer): Promise<Buffer> {
    this.#meetChunks(list);
    const parts: Buffer[] = [];
    for await (const { id, size, data } of this.#objects.read(this.#ownerId, decodeList(list)))
      parts.push(verified(id, data, size));
    return Buffer.concat(parts);
  }
}
