import type { Raw } from '@rose/snapshot';
import { placeOf, type Place, type Sides } from './sides.ts';

/** Entries of directories that are read ahead at once: much less than the caches of trees hold. */
const MAX_ENTRIES = 4000;
const AT_ONCE = 250;
/** So many directories that follow are read with one that the walk enters, and what lies below them. */
const MAX_FOLLOWING = 64;
/** Entries that are looked through for them. */
const MAX_LOOKED_AT = 1000;

/** A directory that was seen and not read. */
interface Found {
  place: Place;
  /** Sorts as the walk goes. */
  turn: string;
}

/**
 * Reads directories before a depth-first walk comes to them, many at once: those below the one it enters, level by level,
 * and those that follow. However large the trees, what was read ahead is still kept when the walk arrives.
 */
export class TreeReadAhead {
  readonly #sides: Sides;
  /** Paths of directories that were read and not walked yet. */
  readonly #ahead = new Set<Raw>();
  /** In the order of the walk. */
  #found: Found[] = [];

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  /**
   * Call it before a directory is walked.
   * @param parent where it lies, under `name`; null for the root
   */
  async enter(place: Place, parent: Place | null, name: Raw): Promise<void> {
    if (this.#ahead.delete(place.path) || place.before === place.after) return;
    const turn = turnOf(place.path);
    const later = this.#found.filter((found) => found.turn > turn);
    const known = later.slice(0, MAX_FOLLOWING).map((found) => found.place);
    this.#found = later.slice(MAX_FOLLOWING);
    const following = known.length > 0 || parent === null ? known : await this.#following(parent, name);
    await this.#read([place, ...following]);
    this.#ahead.delete(place.path);
  }

  async #following(parent: Place, name: Raw): Promise<Place[]> {
    const pairs = await this.#sides.pairs(parent, name);
    return pairs
      .take(MAX_LOOKED_AT)
      .map(placeOf)
      .filter((place): place is Place => place !== null && !this.#ahead.has(place.path))
      .take(MAX_FOLLOWING)
      .toArray();
  }

  async #read(places: readonly Place[]): Promise<void> {
    let entries = 0;
    for (let level = places; level.length > 0;) {
      const below: Place[] = [];
      for (let at = 0; at < level.length; at += AT_ONCE) {
        const some = level.slice(at, at + AT_ONCE);
        await this.#sides.prefetch(some);
        for (const place of some) {
          this.#ahead.add(place.path);
          for (const pair of await this.#sides.pairs(place)) {
            entries += 1;
            const inner = placeOf(pair);
            if (inner !== null) below.push(inner);
          }
        }
        if (entries > MAX_ENTRIES) return this.#remember([...level.slice(at + AT_ONCE), ...below]);
      }
      level = below;
    }
  }

  /** The next ones; the others are found again when it is their turn. */
  #remember(places: readonly Place[]): void {
    const found = places.map((place) => ({ place, turn: turnOf(place.path) }));
    this.#found = [...found, ...this.#found].toSorted((a, b) => (a.turn < b.turn ? -1 : 1)).slice(0, MAX_ENTRIES);
  }
}

/** A directory comes before what is in it, and all that is in it before its next sibling. */
function turnOf(path: Raw): string {
  return path.replaceAll('/', '\0');
}
