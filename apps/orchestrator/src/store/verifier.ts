import { ObjectError, openObject, toText, type ObjectId } from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { createTreeCache, StoredTrees } from '../versions/trees.ts';
import { DamageWalk } from './damage-walk.ts';
import type { StoreRepository } from './store-repository.ts';

export interface Damage {
  version: number;
  project: string;
  /** What cannot be read; '' for the workspace itself. */
  path: string;
}

export interface Verified {
  objects: number;
  /** Plain bytes that were hashed. */
  bytes: number;
  damaged: Damage[];
}

export interface VerifyScope {
  /** null: all of the owner's. */
  projectId: number | null;
  /** Share of the objects to hash, 0–1; chosen by id, so other runs choose others when `seed` differs. */
  sample: number;
  seed: number;
}

const MAX_DAMAGE = 1000;

/** Re-hashes stored objects and walks versions: one flipped bit anywhere is found and named. */
export class Verifier {
  readonly #objects: ObjectStore;
  readonly #repository: StoreRepository;

  constructor(objects: ObjectStore, repository: StoreRepository) {
    this.#objects = objects;
    this.#repository = repository;
  }

  async verify(ownerId: number, { projectId, sample, seed }: VerifyScope): Promise<Verified> {
    const roots = (await this.#repository.roots(ownerId)).filter(
      (root) => projectId === null || root.projectId === projectId,
    );
    const result: Verified = { objects: 0, bytes: 0, damaged: [] };
    const whole = new Map<ObjectId, number>();
    for await (const { id, size, data } of this.#objects.all(ownerId)) {
      if (!isSampled(id, sample, seed)) {
        whole.set(id, size);
        continue;
      }
      result.objects += 1;
      result.bytes += size;
      if (isWhole(id, data, size)) whole.set(id, size);
    }
    const walk = new DamageWalk(new StoredTrees(this.#objects, ownerId, createTreeCache()), whole);
    for (const root of roots) {
      for (const path of await walk.damaged(root.root)) {
        if (result.damaged.length >= MAX_DAMAGE) return result;
        result.damaged.push({ version: root.number, project: root.project, path: toText(path) });
      }
    }
    return result;
  }
}

function isWhole(id: ObjectId, data: Buffer, size: number): boolean {
  try {
    openObject(id, data, size);
    return true;
  } catch (error) {
    if (error instanceof ObjectError) return false;
    throw error;
  }
}

function isSampled(id: ObjectId, sample: number, seed: number): boolean {
  return sample >= 1 || ((Number.parseInt(id.slice(0, 8), 16) ^ seed) >>> 0) / 2 ** 32 < sample;
}
