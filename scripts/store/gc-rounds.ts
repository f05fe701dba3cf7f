import type { House } from '../kill/house.ts';
import { shell, treeOf, type Place } from '../kill/workspace.ts';

const PROJECTS = 3;
const PAGES = 12;

/** A project whose versions are remembered as hashes of their trees. */
interface Shelf {
  place: Place;
  trees: Map<number, string>;
}

/**
 * Saves of several projects of one owner against collections and deletions. Contents come from a small
 * set, so that what one version just lost is often what another save needs at that moment.
 */
export class GcRounds {
  readonly #house: House;
  readonly #random: () => number;
  readonly #shelves: Shelf[] = [];
  readonly tally = { saves: 0, collections: 0, deleted: 0, freed: 0, versions: 0 };

  constructor(house: House, random: () => number) {
    this.#house = house;
    this.#random = random;
  }

  async prepare(): Promise<void> {
    const { rose, projectId } = this.#house;
    const places: Place[] = [{ rose, projectId }];
    for (let at = 1; at < PROJECTS; at += 1)
      places.push({ rose, projectId: (await rose.projects.create.mutate({ name: `gc test ${at}` })).id });
    for (const place of places) this.#shelves.push({ place, trees: new Map() });
  }

  /** Every project changes and is saved, some old versions go, and garbage is collected all the while. */
  async round(): Promise<void> {
    const trees = await Promise.all(this.#shelves.map(({ place }) => this.#change(place)));
    let isOver = false;
    const collecting = this.#collectUntil(() => isOver);
    try {
      await Promise.all(this.#shelves.map((shelf, at) => this.#saveAndThin(shelf, trees[at]!)));
    } finally {
      isOver = true;
    }
    await collecting;
    const { damaged } = await this.#house.rose.store.verify.mutate({});
    if (damaged.length > 0) throw new Error(`Lost: ${JSON.stringify(damaged.slice(0, 5))}`);
  }

  /** Every version that is left loads exactly. */
  async loadAll(): Promise<void> {
    for (const { place, trees } of this.#shelves) {
      const { projectId, rose } = place;
      for (const [version, tree] of trees) {
        await rose.versions.load.mutate({ projectId, version, discard: true });
        if ((await treeOf(place)) !== tree) throw new Error(`Version ${version} of project ${projectId} is another.`);
        this.tally.versions += 1;
      }
    }
  }

  async #change(place: Place): Promise<string> {
    const pages = Array.from({ length: 4 }, () => [this.#below(PAGES), this.#below(6), this.#below(40)]);
    const writes = pages.map(
      ([page, shelf, text]) => `mkdir -p s${shelf}; yes "text ${text}" | head -c 20000 > s${shelf}/p${page}`,
    );
    const gone = `rm -rf s${this.#below(6)}; cp -r s${this.#below(6)} copy-$RANDOM 2>/dev/null || true; ls -d copy-* 2>/dev/null | head -n -3 | xargs -r rm -r`;
    await shell(place, [gone, ...writes].join('\n'));
    return await treeOf(place);
  }

  async #saveAndThin({ place, trees }: Shelf, tree: string): Promise<void> {
    const { projectId, rose } = place;
    const { version } = await rose.versions.save.mutate({ projectId });
    trees.set(version, tree);
    this.tally.saves += 1;
    const old = [...trees.keys()].filter((number) => number !== version);
    const victim = old[this.#below(old.length)];
    if (victim === undefined || this.#random() < 0.3) return;
    await rose.versions.delete.mutate({ projectId, version: victim });
    trees.delete(victim);
    this.tally.deleted += 1;
  }

  async #collectUntil(isOver: () => boolean): Promise<void> {
    do {
      const { objects } = await this.#house.rose.store.collect.mutate({});
      this.tally.collections += 1;
      this.tally.freed += objects;
    } while (!isOver());
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }
}
