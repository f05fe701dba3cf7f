import { RoseError } from '@rose/contract';
import { inBatches, type ObjectId } from '@rose/snapshot';
import type { Transaction } from '../drivers/database/index.ts';
import type { LackingObject, ObjectStore } from '../drivers/objects/objects.ts';
import type { Quota } from '../store/quota.ts';
import { Reachable } from '../store/reachable.ts';
import type { Progress } from './progress.ts';
import type { StoredVersion, VersionsRepository } from './versions-repository.ts';
import type { ProjectRef } from './versions-service.ts';

export interface AdoptionsOptions {
  objects: ObjectStore;
  repository: VersionsRepository;
  quota: Quota;
  progress: Progress;
}

export interface AdoptionOrder {
  source: ProjectRef;
  /** The version of it. */
  number: number;
  /** Who makes a project of it. */
  ownerId: number;
}

/** Gives a new project its version 1, while it is made. */
export type Adopt = (tx: Transaction, projectId: number) => Promise<void>;

/** Copied by one statement, compressed. */
const BATCH = { items: 1000, bytes: 32 * 1024 * 1024 };

/** Makes versions the beginnings of other projects, also of other people's. */
export class Adoptions {
  readonly #options: AdoptionsOptions;

  constructor(options: AdoptionsOptions) {
    this.#options = options;
  }

  /**
   * Copies what the new owner does not have of a version, then lets `make` make the project. Within one owner nothing
   * is copied. What was copied before a failure is garbage.
   * @throws RoseError NOT_FOUND when the version is gone, LIMIT_EXCEEDED before anything is copied, DAMAGED, CANCELLED
   */
  async run<T>(order: AdoptionOrder, make: (adopt: Adopt) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { objects, repository, quota } = this.#options;
    const { source, number, ownerId } = order;
    return await quota.relieved(ownerId, async () => {
      // While these are held nothing is collected, here or there: the objects are whole when the new row is.
      await using _source = await objects.beginSave(source.ownerId);
      await using session = await objects.beginSave(ownerId);
      const version = await repository.get(source.id, number);
      const storedBytes = source.ownerId === ownerId ? 0 : await this.#copy(order, version, signal);
      return await make(async (tx, projectId) => {
        await session.confirm();
        const { root, rootMtimeNs, files, logicalBytes, changed, skipped } = version;
        const facts = { root, rootMtimeNs, files, logicalBytes, storedBytes, durationMs: 0, changed, skipped };
        const message = `Forked from version ${number} of project ${source.id}`;
        const made = { projectId, message, kind: 'fork' as const, authorId: ownerId, requestId: null };
        await repository.addWithin(tx, { ...made, activates: true, ...facts });
      });
    });
  }

  /** @returns compressed bytes of what was copied */
  async #copy({ source, ownerId }: AdoptionOrder, { root }: StoredVersion, signal?: AbortSignal): Promise<number> {
    const { objects, quota, progress } = this.#options;
    const lacking = await this.#lacking({ from: source.ownerId, to: ownerId }, root, signal);
    const bytesTotal = lacking.reduce((sum, { stored }) => sum + stored, 0);
    using hold = await quota.hold(ownerId, bytesTotal);
    let files = 0;
    let bytes = 0;
    for (const batch of inBatches(lacking, BATCH, ({ stored }) => stored)) {
      requireGoingOn(signal);
      await objects.copy({ from: source.ownerId, to: ownerId }, batch);
      const copied = batch.reduce((sum, { stored }) => sum + stored, 0);
      hold.store(copied);
      files += batch.length;
      bytes += copied;
      const counts = { files, filesTotal: lacking.length, bytes, bytesTotal };
      progress.report(source.id, { deed: 'fork', phase: 'copying', ...counts });
    }
    return bytesTotal;
  }

  async #lacking(owners: { from: number; to: number }, root: ObjectId, signal?: AbortSignal): Promise<LackingObject[]> {
    const { objects } = this.#options;
    const reachable = new Reachable(objects, owners.from);
    await reachable.add([root]);
    const ids = [...reachable.ids];
    const lacking: LackingObject[] = [];
    for (let at = 0; at < ids.length; at += BATCH.items) {
      requireGoingOn(signal);
      lacking.push(...(await objects.lacking(owners, ids.slice(at, at + BATCH.items))));
    }
    return lacking;
  }
}

function requireGoingOn(signal?: AbortSignal): void {
  if (signal?.aborted === true) throw new RoseError('CANCELLED', 'The fork was cancelled. Nothing was made.');
}
