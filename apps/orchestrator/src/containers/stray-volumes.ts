import type { Runtime } from '../drivers/runtime/runtime.ts';
import type { ContainersRepository } from './containers-repository.ts';

export interface StrayVolumes {
  /** Names of volumes that were removed, or would be. */
  removed: string[];
  /** Too young: a database that was restored from a backup does not know them yet. */
  kept: string[];
}

const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

/** Finds the volumes that no project names, and removes those that are more than seven days old. */
export async function collectVolumes(
  repository: Pick<ContainersRepository, 'all'>,
  runtime: Pick<Runtime, 'listVolumes' | 'removeVolume'>,
  isDryRun: boolean,
): Promise<StrayVolumes> {
  // Before the rows: a volume that is made meanwhile has its row first.
  const volumes = await runtime.listVolumes();
  const known = new Set((await repository.all()).map(({ workspacePath }) => workspacePath));
  const found: StrayVolumes = { removed: [], kept: [] };
  for (const { volume, createdAt } of volumes) {
    if (known.has(volume)) continue;
    const isOld = Date.now() - createdAt.getTime() > KEEP_MS;
    if (isOld && !isDryRun) await runtime.removeVolume(volume);
    (isOld ? found.removed : found.kept).push(volume);
  }
  return found;
}
