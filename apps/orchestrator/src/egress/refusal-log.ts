import { MAX_REFUSALS, type RefusedConnection } from '@rose/contract';
import { LRUCache } from 'lru-cache';
import type { Refusal } from './refusals.ts';

const MAX_PROJECTS = 1000;

/**
 * What containers were refused of late, for the people of the project: why an install fails is asked now, not
 * next month. So it is kept in memory; RoSE's own log has it for longer.
 */
export class RefusalLog {
  readonly #byProject = new LRUCache<number, RefusedConnection[]>({ max: MAX_PROJECTS });

  add({ projectId, host, port, reason, untold }: Refusal): void {
    const refusals = this.#byProject.get(projectId) ?? [];
    refusals.push({ at: new Date().toISOString(), host, port, reason, unnoted: untold });
    if (refusals.length > MAX_REFUSALS) refusals.shift();
    this.#byProject.set(projectId, refusals);
  }

  /** The last ones of a project, newest first. */
  list(projectId: number, limit: number): RefusedConnection[] {
    return (this.#byProject.get(projectId) ?? []).slice(-limit).toReversed();
  }
}
