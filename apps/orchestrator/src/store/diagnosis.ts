import { RoseError } from '@rose/contract';
import { LRUCache } from 'lru-cache';
import type { VersionCondition, Verifier } from './verifier.ts';

/** Somebody waits for it. */
const TIME_MS = 20_000;
/** Disks change what they hold without telling. */
const REMEMBERED_MS = 10 * 60_000;
const PATHS_NAMED = 3;
const VERSIONS_NAMED = 10;

/** What was found out of the versions of a project, and of what state of the store. */
interface Finding {
  state: string;
  conditions: VersionCondition[];
}

/** Says in one message what is wrong with a project's active version, and which versions are whole. */
export class Diagnosis {
  readonly #verifier: Pick<Verifier, 'conditions' | 'stateOf'>;
  /**
   * Somebody may try again and again to wake a damaged project. Whether it wakes is never decided by what is
   * remembered here, only what is said when it does not.
   */
  readonly #findings = new LRUCache<number, Finding>({ max: 1000, ttl: REMEMBERED_MS });

  constructor(verifier: Pick<Verifier, 'conditions' | 'stateOf'>) {
    this.#verifier = verifier;
  }

  /** `active` is null when its row is missing; `failure` is what came to light. Never throws. */
  async of(project: { id: number; ownerId: number }, active: number | null, failure: string): Promise<string> {
    let conditions: VersionCondition[];
    try {
      conditions = await this.#conditions(project, failure);
    } catch (error) {
      const why = error instanceof RoseError && error.code !== 'CANCELLED' ? error.message : 'It took too long.';
      return `${failure} Which versions are whole could not be found out (${why}) Run rose verify ${project.id}.`;
    }
    return `${whatIsWrong(conditions, active, failure)} ${whatIsWhole(conditions, project.id)}`;
  }

  async #conditions(project: { id: number; ownerId: number }, failure: string): Promise<VersionCondition[]> {
    // Before the check: what changes while it runs makes the next one look again.
    const state = `${await this.#verifier.stateOf(project)} ${failure}`;
    const known = this.#findings.get(project.id);
    if (known?.state === state) return known.conditions;
    const conditions = await this.#verifier.conditions(project, AbortSignal.timeout(TIME_MS));
    this.#findings.set(project.id, { state, conditions });
    return conditions;
  }
}

function whatIsWrong(conditions: readonly VersionCondition[], active: number | null, failure: string): string {
  const damaged = conditions.find(({ number }) => number === active)?.damaged ?? [];
  if (damaged.length === 0) return failure;
  const what = `Version ${active}, the active one, is damaged:`;
  if (damaged.includes('')) return `${what} its workspace's root directory cannot be read.`;
  const named = damaged.slice(0, PATHS_NAMED).map((path) => JSON.stringify(path));
  const others = damaged.length - named.length;
  return `${what} ${named.join(', ')}${others > 0 ? ` and ${others} more` : ''} cannot be read.`;
}

function whatIsWhole(conditions: readonly VersionCondition[], projectId: number): string {
  const whole = conditions.filter(({ damaged }) => damaged.length === 0).map(({ number }) => number);
  const [newest] = whole;
  if (newest === undefined)
    return 'No version of this project is whole: what is left can be read and exported path by path, or comes back from a backup of the database.';
  const named = whole.slice(0, VERSIONS_NAMED).join(', ');
  const others = whole.length > VERSIONS_NAMED ? ' and older ones' : '';
  return `Whole ${whole.length === 1 ? 'is version' : 'are versions'} ${named}${others}: load one, as with rose load ${projectId} ${newest}.`;
}
