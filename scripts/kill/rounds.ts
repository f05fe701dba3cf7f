import { setTimeout as sleep } from 'node:timers/promises';
import type { SaveResult } from '@rose/contract';
import type { House } from './house.ts';
import { change, treeOf } from './workspace.ts';

export type Victim = 'orchestrator' | 'agent' | 'both';
const VICTIMS: readonly Victim[] = ['orchestrator', 'agent', 'both'];
/** Until the end of a killed agent is noticed and its container is started again. */
const BACK_MS = 30_000;
/** The next kill comes later when a deed was not done yet, and earlier when it was. */
const NEARER = { undone: 1.15, done: 0.87 } as const;

/** What became of the deeds that were killed. */
export interface Tally {
  /** Nothing of the deed was to be seen afterwards. */
  undone: number;
  /** It was wholly there. */
  done: number;
}

/** Kills saves and loads at random moments, and compares whole trees afterwards. */
export class Rounds {
  readonly #house: House;
  readonly #random: () => number;
  /** Trees of the versions that were committed, by number. */
  readonly #trees = new Map<number, string>();
  readonly saves: Tally = { undone: 0, done: 0 };
  readonly loads: Tally = { undone: 0, done: 0 };
  #changes = 0;
  #saveMs = 0;
  #loadMs = 0;

  constructor(house: House, random: () => number) {
    this.#house = house;
    this.#random = random;
  }

  /** Two versions, and how long an undisturbed save and load take. */
  async prepare(): Promise<void> {
    await this.#change();
    await this.#save();
    const tree = await this.#change();
    this.#saveMs = await timed(() => this.#save());
    await this.#change();
    this.#loadMs = await timed(() => this.#load(1));
    require(tree !== (await treeOf(this.#house)), 'The two versions are the same.');
  }

  async killSave(round: number): Promise<void> {
    const tree = await this.#change();
    const before = await this.#versions();
    await this.#killDuring(() => this.#save(), this.#moment(this.#saveMs), VICTIMS[round % 3]!);
    const after = await this.#versions();
    require(after.length - before.length <= 1, 'A save made two versions.');
    require((await treeOf(this.#house)) === tree, 'A killed save changed the workspace.');
    if (after.length > before.length) this.#trees.set(after.at(-1)!.version, tree);
    const outcome = after.length > before.length ? 'done' : 'undone';
    this.saves[outcome] += 1;
    this.#saveMs *= NEARER[outcome];
    await this.#expectIntact(tree);
  }

  async killLoad(round: number): Promise<void> {
    const old = await this.#change();
    const before = await this.#active();
    const numbers = [...this.#trees.keys()];
    const target = numbers[Math.floor(this.#random() * numbers.length)]!;
    await this.#killDuring(() => this.#load(target), this.#moment(this.#loadMs), VICTIMS[round % 3]!);
    const now = await treeOf(this.#house);
    const isLoaded = now === this.#trees.get(target);
    require(isLoaded || now === old, 'A killed load left a mix of two trees.');
    const active = await this.#active();
    require(active === (isLoaded ? target : before), `Version ${active} is active beside another tree.`);
    const outcome = isLoaded ? 'done' : 'undone';
    this.loads[outcome] += 1;
    this.#loadMs *= NEARER[outcome];
    await this.#expectIntact(now);
  }

  /** Every version that was committed loads exactly. */
  async loadAll(): Promise<number> {
    for (const [version, tree] of this.#trees) {
      await this.#load(version);
      require((await treeOf(this.#house)) === tree, `Version ${version} does not load as it was saved.`);
    }
    return this.#trees.size;
  }

  /** The next save works at once, holds the workspace, and one container is all there is. */
  async #expectIntact(tree: string): Promise<void> {
    const { version } = await this.#save();
    this.#trees.set(version, tree);
    require(this.#house.containers().length === 1, 'There are containers that nobody knows.');
    const numbers = (await this.#versions()).map((made) => made.version);
    require(numbers.every((number, index) => number === index + 1), 'Numbers of versions have gaps.');
  }

  /** Mostly about the moment at which it is decided whether a deed is done. */
  #moment(aboutMs: number): number {
    return (0.4 + this.#random()) * aboutMs;
  }

  async #change(): Promise<string> {
    await change(this.#house, (this.#changes += 1));
    return await treeOf(this.#house);
  }

  async #save(): Promise<SaveResult> {
    const { rose, projectId } = this.#house;
    const result = await rose.versions.save.mutate({ projectId, message: `save ${this.#changes}` });
    require(result.skipped.length === 0, 'A save skipped something.');
    this.#trees.set(result.version, await treeOf(this.#house));
    return result;
  }

  async #load(version: number): Promise<void> {
    const { rose, projectId } = this.#house;
    const { conflicts } = await rose.versions.load.mutate({ projectId, version });
    require(conflicts.length === 0, `A load that nobody disturbed has conflicts: ${conflicts.join(', ')}`);
  }

  async #active(): Promise<number | undefined> {
    return (await this.#versions()).find((version) => version.active)?.version;
  }

  async #versions() {
    return await this.#house.rose.versions.list.query({ projectId: this.#house.projectId });
  }

  /** Starts a deed, kills while it runs, and brings everything back. */
  async #killDuring(deed: () => Promise<unknown>, afterMs: number, victim: Victim): Promise<void> {
    const running = deed().then(
      () => {},
      () => {},
    );
    await sleep(afterMs);
    if (victim !== 'orchestrator') this.#house.killAgent();
    if (victim !== 'agent') await this.#house.killOrchestrator();
    await running;
    if (victim !== 'agent') await this.#house.start();
    await this.#backAgain();
  }

  /** The first call after the end of an agent may still reach for it; one soon after finds a new one. */
  async #backAgain(): Promise<void> {
    for (const until = Date.now() + BACK_MS; ;) {
      try {
        await this.#house.rose.workspace(this.#house.projectId).files.list.query({ path: '' });
        return;
      } catch (error) {
        if (Date.now() > until) throw error;
        await sleep(50);
      }
    }
  }
}

async function timed(deed: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await deed();
  return performance.now() - startedAt;
}

function require(isTrue: boolean, broken: string): void {
  if (!isTrue) throw new Error(broken);
}
