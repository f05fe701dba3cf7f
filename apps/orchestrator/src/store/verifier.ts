import { RoseError } from '@rose/contract';
import { ObjectError, openObject, toText, type ObjectId } from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { createTreeCache, StoredTrees, type TreeCache } from '../versions/trees.ts';
import { DamageWalk } from './damage-walk.ts';
import type { StoreRepository, VersionRoot } from './store-repository.ts';

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

/** A version, and its paths that cannot be read. */
export interface VersionCondition {
  number: number;
  /** Empty for a whole version; '' is the workspace itself. */
  damaged: string[];
}

export interface VerifierOptions {
  objects: ObjectStore;
  repository: Pick<StoreRepository, 'roots'>;
  /** Trees that were read before. They must not hide that the stored ones are damaged. */
  trees: TreeCache;
}

const MAX_DAMAGE = 1000;

/** Re-hashes stored objects and walks versions: one flipped bit anywhere is found and named. */
export class Verifier {
  readonly #options: VerifierOptions;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** @throws RoseError CANCELLED */
  async verify(ownerId: number, scope: VerifyScope, signal?: AbortSignal): Promise<Verified> {
    const roots = (await this.#options.repository.roots(ownerId)).filter(
      ({ projectId }) => scope.projectId === null || projectId === scope.projectId,
    );
    const { whole, ...counts } = await this.#hash(ownerId, scope, signal);
    const damaged: (Damage & { id: number })[] = [];
    for await (const { root, damaged: paths } of this.#walk(ownerId, roots, whole, signal)) {
      const { id, number: version, project } = root;
      for (const path of paths) damaged.push({ id, version, project, path });
      if (damaged.length >= MAX_DAMAGE) break;
    }
    return { ...counts, damaged: await this.#standing(ownerId, damaged.slice(0, MAX_DAMAGE)) };
  }

  /** How each version of a project is, newest first. @throws RoseError CANCELLED */
  async conditions(project: { id: number; ownerId: number }, signal: AbortSignal): Promise<VersionCondition[]> {
    const { id, ownerId } = project;
    const roots = (await this.#options.repository.roots(ownerId)).filter(({ projectId }) => projectId === id);
    const { whole } = await this.#hash(ownerId, { sample: 1, seed: 0 }, signal);
    const conditions: VersionCondition[] = [];
    for await (const { root, damaged } of this.#walk(ownerId, roots.toReversed(), whole, signal))
      conditions.push({ number: root.number, damaged });
    return conditions;
  }

  async #hash(
    ownerId: number,
    { sample, seed }: Omit<VerifyScope, 'projectId'>,
    signal?: AbortSignal,
  ): Promise<Omit<Verified, 'damaged'> & { whole: Map<ObjectId, number> }> {
    const result = { objects: 0, bytes: 0, whole: new Map<ObjectId, number>() };
    for await (const { id, size, data, isAsWritten } of this.#options.objects.all(ownerId)) {
      requireGoingOn(signal);
      if (!isSampled(id, sample, seed)) {
        result.whole.set(id, size);
        continue;
      }
      result.objects += 1;
      result.bytes += size;
      if (isAsWritten && isWhole(id, data, size)) result.whole.set(id, size);
    }
    return result;
  }

  async *#walk(
    ownerId: number,
    roots: readonly VersionRoot[],
    whole: ReadonlyMap<ObjectId, number>,
    signal?: AbortSignal,
  ): AsyncGenerator<{ root: VersionRoot; damaged: string[] }> {
    const { objects, trees } = this.#options;
    const walk = new DamageWalk(new StoredTrees(objects, ownerId, createTreeCache()), whole);
    for (const root of roots) {
      requireGoingOn(signal);
      const damaged = (await walk.damaged(root.root)).map(toText);
      if (damaged.length > 0) trees.clear();
      yield { root, damaged };
    }
  }

  /** Versions that were deleted meanwhile may have lost their objects rightly. */
  async #standing(ownerId: number, damaged: readonly (Damage & { id: number })[]): Promise<Damage[]> {
    if (damaged.length === 0) return [];
    const ids = new Set((await this.#options.repository.roots(ownerId)).map(({ id }) => id));
    return damaged.filter(({ id }) => ids.has(id)).map(({ version, project, path }) => ({ version, project, path }));
  }
}

function requireGoingOn(signal?: AbortSignal): void {
  if (signal?.aborted === true) throw new RoseError('CANCELLED', 'The check of the store was cancelled.');
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
