import { createHash } from 'node:crypto';
import { toText, type ObjectId } from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { createTreeCache, StoredTrees, type TreeCache } from '../versions/trees.ts';
import { DamageWalk } from './damage-walk.ts';
import { checkAll, checkReachable, requireGoingOn, type Sampling } from './object-check.ts';
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

export interface VerifyScope extends Sampling {
  /** Only what its versions reach is hashed; null: all of the owner's. */
  projectId: number | null;
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
const EVERYTHING: Sampling = { sample: 1, seed: 0 };

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
    const { objects } = this.#options;
    const { whole, ...counts } =
      scope.projectId === null
        ? await checkAll(objects, ownerId, scope, signal)
        : await checkReachable(objects, ownerId, idsOf(roots), scope, signal);
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
    const { whole } = await checkReachable(this.#options.objects, ownerId, idsOf(roots), EVERYTHING, signal);
    const conditions: VersionCondition[] = [];
    for await (const { root, damaged } of this.#walk(ownerId, roots.toReversed(), whole, signal))
      conditions.push({ number: root.number, damaged });
    return conditions;
  }

  /** Differs when versions of the project or objects of its owner were made or removed since: then conditions may differ. */
  async stateOf({ id, ownerId }: { id: number; ownerId: number }): Promise<string> {
    const roots = (await this.#options.repository.roots(ownerId)).filter(({ projectId }) => projectId === id);
    const versions = roots.map(({ number, root }) => `${number}:${root}`).join();
    return `${this.#options.objects.changes(ownerId)} ${createHash('sha256').update(versions).digest('hex')}`;
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

function idsOf(roots: readonly VersionRoot[]): ObjectId[] {
  return roots.map(({ root }) => root);
}
