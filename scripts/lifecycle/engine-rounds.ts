import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RoseError } from '@rose/contract';
import type { House } from '../kill/house.ts';
import { shell, treeOf } from '../kill/workspace.ts';
import type { OwnEngine } from './engine.ts';
import { Projects } from './projects.ts';
import { untruths } from './truth.ts';

/** Rows and containers are compared every 30 s. */
const TRUE_AGAIN_MS = 90_000;
const SAVE_MS = 600;
const AWAY_MS = 2000;

/** Kills the engine under running projects, one of which is being saved, and looks afterwards whether all is true. */
export class EngineRounds {
  readonly #house: House;
  readonly #engine: OwnEngine;
  readonly #random: () => number;
  readonly #projects: Projects;
  /** `backMs`: the longest time from the answer of a new engine to the first call that works. */
  readonly tally = { saved: 0, refused: 0, backMs: 0 };
  #asleep = 0;

  constructor(house: House, engine: OwnEngine, random: () => number) {
    this.#house = house;
    this.#engine = engine;
    this.#random = random;
    this.#projects = new Projects(house);
  }

  /** One that is saved, one that just runs, one that is asleep. */
  async prepare(): Promise<void> {
    await this.#projects.welcome(this.#house.projectId);
    for (let at = 0; at < 2; at += 1) {
      const { id } = await this.#house.rose.projects.create.mutate({ name: this.#projects.freshName() });
      await this.#projects.welcome(id);
      this.#asleep = id;
    }
  }

  async kill(round: number): Promise<void> {
    const { rose, projectId } = this.#house;
    for (const id of this.#projects.ids) await this.#projects.work(id);
    await rose.containers.stop.mutate({ projectId: this.#asleep });
    await shell(this.#house, 'for i in {1..300}; do head -c 100000 /dev/urandom > random-$i; done');
    const tree = await treeOf(this.#house);
    const requestId = randomUUID();
    const saving = rose.versions.save.mutate({ projectId, requestId }).then(
      ({ version }) => version,
      () => null,
    );
    await sleep(this.#random() * SAVE_MS);
    await this.#engine.kill();
    await this.#expectClearErrors();
    await sleep(this.#random() * AWAY_MS);
    // In every other round containers outlive the engine's end; else the next one ends them.
    await this.#engine.begin(round % 2 === 1);
    const backAt = performance.now();
    const saved = await saving;
    this.tally[saved === null ? 'refused' : 'saved'] += 1;
    await this.#untilTrue('The first call after the engine came back', async () => [await this.#used()]);
    this.tally.backMs = Math.max(this.tally.backMs, performance.now() - backAt);
    await this.#projects.expectAll();
    await this.#untilTrue('After the engine came back', () => untruths(this.#house));
    await this.#expectSaved(requestId, saved, tree);
  }

  /** Repeating the save gives the version that was told, and that holds the workspace. */
  async #expectSaved(requestId: string, saved: number | null, tree: string): Promise<void> {
    const { rose, projectId } = this.#house;
    const { version } = await rose.versions.save.mutate({ projectId, requestId });
    if (saved !== null && version !== saved) throw new Error(`A save was told as ${saved} and repeated as ${version}.`);
    await shell(this.#house, 'rm -rf random-*');
    await rose.versions.load.mutate({ projectId, version, discard: true });
    if ((await treeOf(this.#house)) !== tree) throw new Error(`Version ${version} is not what was saved.`);
  }

  /** Whatever needs the engine says so, leaves nothing behind, and what does not need it works. */
  async #expectClearErrors(): Promise<void> {
    const { rose } = this.#house;
    const name = this.#projects.freshName();
    const codes = await Promise.all([
      codeOf(rose.containers.start.mutate({ projectId: this.#asleep })),
      codeOf(rose.workspace(this.#asleep).files.list.query({ path: '' })),
      codeOf(rose.projects.create.mutate({ name })),
    ]);
    const wrong = codes.filter((code) => code !== 'RUNTIME_UNAVAILABLE');
    if (wrong.length > 0) throw new Error(`Without an engine calls end with ${codes.join(', ')}.`);
    if ((await this.#projects.list()).some((project) => project.name === name))
      throw new Error('A project that could not be made is there.');
    await rose.versions.list.query({ projectId: this.#house.projectId });
  }

  /** @returns why the project cannot be used yet; null when it can */
  async #used(): Promise<string | null> {
    return await shell(this.#house, 'true').then(
      () => null,
      (error: unknown) => String(error),
    );
  }

  async #untilTrue(what: string, ask: () => Promise<(string | null)[]>): Promise<void> {
    for (const until = Date.now() + TRUE_AGAIN_MS; ; await sleep(500)) {
      const found = (await ask()).filter((sentence) => sentence !== null);
      if (found.length === 0) return;
      if (Date.now() > until) throw new Error(`${what}: ${found.join(' ')}`);
    }
  }
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => 'success',
    (error: unknown) => (error instanceof RoseError ? error.code : String(error)),
  );
}
