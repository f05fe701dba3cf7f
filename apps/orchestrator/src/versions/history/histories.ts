import type { Transaction } from '../../drivers/database/index.ts';
import type { ObjectStore } from '../../drivers/objects/objects.ts';
import type { Quota } from '../../store/quota.ts';
import { StoringTarget } from '../save-targets.ts';
import type { ProjectRef } from '../versions-service.ts';
import { HISTORY_FORMAT, type HistoryHeader } from './history-format.ts';
import { readHistory, type ReadVersion } from './history-reader.ts';
import type { HistoryRepository } from './history-repository.ts';
import { writeHistory } from './history-writer.ts';

export interface HistoriesOptions {
  objects: ObjectStore;
  repository: HistoryRepository;
  quota: Quota;
}

/** Whole histories of projects as files that another installation takes. */
export class Histories {
  readonly #options: HistoriesOptions;

  constructor(options: HistoriesOptions) {
    this.#options = options;
  }

  /**
   * The file of a project's history. While it is read nothing of the owner is collected.
   * @throws RoseError DAMAGED, CANCELLED; what came before is no whole history then
   */
  async *export(project: ProjectRef, facts: HistoryHeader['project'], signal: AbortSignal): AsyncGenerator<Buffer> {
    const { objects, repository } = this.#options;
    await using _ = await objects.beginSave(project.ownerId);
    const versions = await repository.list(project.id);
    const header: HistoryHeader = {
      format: HISTORY_FORMAT,
      formatVersion: 1,
      project: facts,
      exportedAt: new Date().toISOString(),
    };
    yield* writeHistory(objects, project.ownerId, header, versions, signal);
  }

  /**
   * Stores and checks all that a file holds. What `commit` makes of its versions is made before anything of them can be
   * collected; until then nothing is to be seen.
   * @throws RoseError ARCHIVE_REFUSED, LIMIT_EXCEEDED, CANCELLED
   */
  async import<T>(
    ownerId: number,
    file: AsyncIterable<Uint8Array>,
    commit: (versions: readonly ReadVersion[]) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { objects, quota } = this.#options;
    return await quota.tidied(ownerId, async () => {
      await using session = await objects.beginSave(ownerId);
      const target = new StoringTarget(quota.guard(session, { ownerId, kind: 'import' }), objects, ownerId);
      const versions = await readHistory(until(file, signal), {
        keep: (object, plain) => target.keep(object, plain),
        read: (chunks) => target.read(chunks),
        // A history is complete by itself: what the owner has elsewhere is no part of it.
        totals: async () => new Map(),
      });
      await target.flush();
      await session.confirm();
      return await commit(versions);
    });
  }

  /** Gives a new project the versions of a history, while it is made. */
  async add(tx: Transaction, projectId: number, versions: readonly ReadVersion[]): Promise<void> {
    await this.#options.repository.add(tx, projectId, versions);
  }
}

/** @throws what `signal` aborts with */
async function* until(file: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const piece of file) {
    signal.throwIfAborted();
    yield piece;
  }
}
