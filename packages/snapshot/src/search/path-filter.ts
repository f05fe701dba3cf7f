import { globMatcher, type Matcher } from './glob.ts';

/** Which paths a search is about. */
export class PathFilter {
  readonly #include: readonly Matcher[];
  readonly #exclude: readonly Matcher[];

  constructor(include: readonly string[], exclude: readonly string[]) {
    this.#include = include.map(globMatcher);
    this.#exclude = exclude.map(globMatcher);
  }

  /** Whether a path is left out; of a directory, all below it too. */
  excludes(path: string): boolean {
    return this.#exclude.some((matches) => matches(path));
  }

  includes(path: string): boolean {
    return this.#include.length === 0 || this.#include.some((matches) => matches(path));
  }
}
