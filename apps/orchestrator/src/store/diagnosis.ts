import { RoseError } from '@rose/contract';
import type { VersionCondition, Verifier } from './verifier.ts';

/** Somebody waits for it. */
const TIME_MS = 20_000;
const PATHS_NAMED = 3;
const VERSIONS_NAMED = 10;

/** Says in one message what is wrong with a project's active version, and which versions are whole. */
export class Diagnosis {
  readonly #verifier: Verifier;

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /** `active` is null when its row is missing; `failure` is what came to light. Never throws. */
  async of(project: { id: number; ownerId: number }, active: number | null, failure: string): Promise<string> {
    let conditions: VersionCondition[];
    try {
      conditions = await this.#verifier.conditions(project, AbortSignal.timeout(TIME_MS));
    } catch (error) {
      const why = error instanceof RoseError && error.code !== 'CANCELLED' ? error.message : 'It took too long.';
      return `${failure} Which versions are whole could not be found out (${why}) Run rose verify ${project.id}.`;
    }
    return `${whatIsWrong(conditions, active, failure)} ${whatIsWhole(conditions, project.id)}`;
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
