import { decodeList, decodeTree, isList, type ObjectId } from '@rose/snapshot';
import type { ObjectStore, SizedId } from '../drivers/objects/objects.ts';
import { verified } from '../versions/trees.ts';

/** Trees and lists are small; this only bounds the batches they are read in. */
const GUESS_BYTES = 4096;
const BATCH = 2000;

/** Which way an object is referred to. */
type Role = 'tree' | 'list';

/**
 * Every object that some root reaches, each read once. Grows to about 100 bytes an object:
 * 100 MB for a million.
 */
export class Reachable {
  readonly #objects: ObjectStore;
  readonly #ownerId: number;
  readonly ids = new Set<ObjectId>();

  constructor(objects: ObjectStore, ownerId: number) {
    this.#objects = objects;
    this.#ownerId = ownerId;
  }

  /** @throws RoseError DAMAGED when a tree or a list is missing or broken: then nothing may be collected */
  async add(roots: Iterable<ObjectId>): Promise<void> {
    let level: [ObjectId, Role][] = [];
    for (const root of roots) this.#visit(level, root, 'tree');
    while (level.length > 0) {
      const batch = level.splice(0, BATCH);
      const roles = new Map(batch);
      const wanted = batch.map(([id]): SizedId => ({ id, size: GUESS_BYTES }));
      for await (const { id, size, data } of this.#objects.read(this.#ownerId, wanted)) {
        await this.#expand(level, roles.get(id)!, verified(id, data, size));
      }
      level = level.slice();
    }
  }

  async #expand(level: [ObjectId, Role][], role: Role, plain: Buffer): Promise<void> {
    if (role === 'list') {
      for (const { id } of decodeList(plain)) this.ids.add(id);
    } else this.#expandTree(level, isList(plain) ? await this.#joined(plain) : plain);
  }

  #expandTree(level: [ObjectId, Role][], plain: Buffer): void {
    for (const entry of decodeTree(plain)) {
      if (entry.kind === 'directory') this.#visit(level, entry.tree, 'tree');
      else if (entry.kind === 'file') {
        if ('list' in entry.content) this.#visit(level, entry.content.list, 'list');
        else for (const { id } of entry.content.chunks) this.ids.add(id);
      }
    }
  }

  #visit(level: [ObjectId, Role][], id: ObjectId, role: Role): void {
    if (this.ids.has(id)) return;
    this.ids.add(id);
    level.push([id, role]);
  }

  async #joined(list: Buffer): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const { id, size, data } of this.#objects.read(this.#ownerId, decodeList(list))) {
      this.ids.add(id);
      parts.push(verified(id, data, size));
    }
    return Buffer.concat(parts);
  }
}
