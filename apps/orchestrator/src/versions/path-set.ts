import type { Raw } from '@rose/snapshot';

/** Paths, each with all that lies below it. */
export class PathSet {
  readonly #paths: ReadonlySet<string>;
  /** Every directory on the way to one of them. */
  readonly #ways = new Set<string>();

  constructor(paths: readonly Raw[]) {
    this.#paths = new Set(paths);
    for (const path of paths) for (const way of waysTo(path)) this.#ways.add(way);
  }

  /** Whether `path` is one of them or lies below one. */
  holds(path: Raw): boolean {
    if (this.#paths.has(path)) return true;
    for (const way of waysTo(path)) if (this.#paths.has(way)) return true;
    return false;
  }

  /** Whether one of them lies below `path`. */
  leadsTo(path: Raw): boolean {
    return this.#ways.has(path);
  }
}

/** The root '' and every directory above a path. */
function* waysTo(path: Raw): Generator<string> {
  if (path !== '') yield '';
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) yield path.slice(0, at);
}
