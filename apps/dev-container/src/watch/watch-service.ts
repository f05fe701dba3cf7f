import { setTimeout as sleep } from 'node:timers/promises';
import { RoseError, type FileChanges } from '@rose/contract';
import { toText, type Raw } from '@rose/snapshot';
import { PathFilter } from '@rose/snapshot/search';
import type { Workspace } from '../workspace.ts';
import { ChangeBatch } from './change-batch.ts';
import { WatchedTree } from './watched-tree.ts';

/** How long changes are gathered before they are told. */
const BATCH_MS = 100;
/** Each takes an instance of the kernel, of which all containers together have few. */
const MAX_WATCHES = 8;
/** Reads of the kernel's queue after which the changes are told, however many more there are. */
const MAX_READS = 64;

export interface WatchOrder {
  path: Raw;
  include: string[];
  exclude: string[];
}

/**
 * Tells the changes of files while somebody watches. It serves editors and previews: what a save holds is decided by
 * looking at the files, never by this.
 */
export class WatchService {
  readonly #workspace: Workspace;
  #watches = 0;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /**
   * Changes in pieces, the first an empty one, until `signal` aborts. A reader that is slow gets larger pieces, and
   * at last `lost`.
   * @throws RoseError LIMIT_EXCEEDED; NOT_FOUND when the directory is not there, or goes
   */
  async *watch({ path, include, exclude }: WatchOrder, signal: AbortSignal): AsyncGenerator<FileChanges> {
    if (this.#watches >= MAX_WATCHES) throw tooManyWatches();
    this.#watches += 1;
    try {
      const filter = new PathFilter(include, exclude);
      const batch = new ChangeBatch();
      for (let isFirst = true; !signal.aborted; isFirst = false) {
        if (!isFirst) batch.lose();
        using tree = new WatchedTree({
          open: () => this.#workspace.open(),
          path,
          excludes: (changed) => filter.excludes(changed),
          tell: (changed, kind, isDirectory) => {
            if (filter.includes(toText(changed))) batch.add(changed, kind, isDirectory);
          },
        });
        await tree.begin(signal);
        if (isFirst) yield batch.take();
        yield* pieces(tree, batch, signal);
      }
    } finally {
      this.#watches -= 1;
    }
  }
}

/** Until the kernel lost events. */
async function* pieces(tree: WatchedTree, batch: ChangeBatch, signal: AbortSignal): AsyncGenerator<FileChanges> {
  while (!signal.aborted) {
    if (!batch.isEmpty) yield batch.take();
    await sleep(BATCH_MS, undefined, { signal, ref: false }).catch(() => {});
    if (!tree.read(MAX_READS)) return;
  }
}

function tooManyWatches(): RoseError {
  const details = { limit: 'watches', value: MAX_WATCHES, allowed: MAX_WATCHES };
  return new RoseError('LIMIT_EXCEEDED', `${MAX_WATCHES} watches are open in this project; end some first.`, details);
}
