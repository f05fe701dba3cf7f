import { setTimeout as sleep } from 'node:timers/promises';
import type { House } from '../kill/house.ts';
import { Deeds, DEEDS, type DeedName } from './deeds.ts';
import { untruths } from './truth.ts';

/** The next kill comes later when a deed was not done yet, and earlier when it was. */
const NEARER = { undone: 1.15, done: 0.87 } as const;
const FIRST_MS = 300;

/** Kills the orchestrator at random moments of deeds, and looks afterwards whether all is as it is said to be. */
export class LifecycleRounds {
  readonly #house: House;
  readonly #random: () => number;
  readonly #deeds: Deeds;
  readonly #lasts = new Map<DeedName, number>();
  readonly #tally = new Map<DeedName, { done: number; undone: number }>();

  constructor(house: House, random: () => number) {
    this.#house = house;
    this.#random = random;
    this.#deeds = new Deeds(house, random);
  }

  async prepare(): Promise<void> {
    await this.#deeds.prepare();
    await this.#expectTruth('at the start');
  }

  /** @returns how often each deed was done and undone, in words */
  async run(rounds: number = DEEDS.length - 1): Promise<string> {
    for (let round = 0; round < rounds; round += 1) await this.#kill(DEEDS[round % DEEDS.length]!);
    const words = [...this.#tally].map(([name, { done, undone }]) => `${name} ${done}+${undone}`);
    return `${rounds} kills (done+undone): ${words.join(', ')}`;
  }

  async #kill(name: DeedName): Promise<void> {
    const where = `after a kill in ${name}`;
    const deed = await this.#deeds.begin(name);
    let isAnswered = false;
    const answer = deed.run().then(
      () => void (isAnswered = true),
      () => {},
    );
    await Promise.race([answer, sleep(this.#random() * this.#lastOf(name) * 1.3)]);
    await this.#house.killOrchestrator();
    await answer;
    await this.#house.start();
    await this.#expectTruth(where);
    const isDone = await deed.outcome(isAnswered);
    if (isAnswered && !isDone) throw new Error(`A deed was answered and is not done, ${where}.`);
    await this.#deeds.projects.expectAll();
    await this.#expectTruth(`${where}, when all were used`);
    this.#count(name, isDone ? 'done' : 'undone');
  }

  #lastOf(name: DeedName): number {
    return this.#lasts.get(name) ?? FIRST_MS;
  }

  #count(name: DeedName, outcome: 'done' | 'undone'): void {
    const tally = this.#tally.get(name) ?? { done: 0, undone: 0 };
    tally[outcome] += 1;
    this.#tally.set(name, tally);
    this.#lasts.set(name, this.#lastOf(name) * NEARER[outcome]);
  }

  async #expectTruth(where: string): Promise<void> {
    const found = await untruths(this.#house);
    if (found.length > 0) throw new Error(`${where}: ${found.join(' ')}`);
  }
}
