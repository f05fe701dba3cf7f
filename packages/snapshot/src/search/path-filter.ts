import picomatch from 'picomatch';

type Matcher = (path: string) => boolean;

/** Which paths a search is about. */
export class PathFilter {
  readonly #include: readonly Matcher[];
  readonly #exclude: readonly Matcher[];

  constructor(include: readonly string[], exclude: readonly string[]) {
    this.#include = include.map(matcherOf);
    this.#exclude = exclude.map(matcherOf);
  }

  /** Whether a path is left out; of a directory, all below it too. */
  excludes(path: string): boolean {
    return this.#exclude.some((matches) => matches(path));
  }

  includes(path: string): boolean {
    return this.#include.length === 0 || this.#include.some((matches) => matches(path));
  }
}

/** As in .gitignore, a glob without a / is about the last name of a path. */
function matcherOf(glob: string): Matcher {
  return picomatch(glob, { dot: true, basename: !glob.includes('/') });
}
