import { setTimeout as sleep } from 'node:timers/promises';
import type { ProjectState } from '@rose/contract';
import type { House } from '../kill/house.ts';
import { freeze } from './freezer.ts';
import { inventoryOf } from './inventory.ts';
import { Projects } from './projects.ts';

/** The last one takes more than a minute, until a project counts as idle. */
export const DEEDS = ['create', 'start', 'stop', 'delete', 'fork', 'restart', 'resume', 'undelete', 'pause'] as const;
export type DeedName = (typeof DEEDS)[number];

/** Something in the life of a project, about to happen. */
export interface Deed {
  run: () => Promise<unknown>;
  /** After the kill. @returns whether it is wholly done @throws Error when it is neither done nor undone */
  outcome: (isAnswered: boolean) => Promise<boolean>;
}

const IDLE_MS = 120_000;
const PROJECTS = 3;

/** Prepares deeds on the projects of a house, and tells what became of them. */
export class Deeds {
  readonly #house: House;
  readonly #random: () => number;
  readonly projects: Projects;

  constructor(house: House, random: () => number) {
    this.#house = house;
    this.#random = random;
    this.projects = new Projects(house);
  }

  async prepare(): Promise<void> {
    await this.projects.welcome(this.#house.projectId);
    for (let at = 1; at < PROJECTS; at += 1) await this.#make();
  }

  /** Brings a project to where the deed can begin. */
  async begin(name: DeedName): Promise<Deed> {
    await this.projects.shrink(PROJECTS);
    const { ids } = this.projects;
    return await this[name](ids[Math.floor(this.#random() * ids.length)]!);
  }

  async create(): Promise<Deed> {
    const name = this.projects.freshName();
    return {
      run: () => this.#house.rose.projects.create.mutate({ name, description: '' }),
      outcome: () => this.#welcomed(name),
    };
  }

  async fork(projectId: number): Promise<Deed> {
    const name = this.projects.freshName();
    await this.projects.work(projectId);
    await this.#house.rose.versions.save.mutate({ projectId });
    return {
      run: () => this.#house.rose.projects.fork.mutate({ projectId, name, description: '' }),
      outcome: () => this.#welcomed(name, projectId),
    };
  }

  async start(projectId: number): Promise<Deed> {
    await this.#house.rose.containers.stop.mutate({ projectId });
    return {
      run: () => this.#house.rose.containers.start.mutate({ projectId }),
      outcome: () => this.#isNow(projectId, 'running', 'asleep'),
    };
  }

  async stop(projectId: number): Promise<Deed> {
    await this.projects.work(projectId);
    return {
      run: () => this.#house.rose.containers.stop.mutate({ projectId }),
      outcome: () => this.#isNow(projectId, 'asleep', 'running'),
    };
  }

  async restart(projectId: number): Promise<Deed> {
    await this.projects.work(projectId);
    return {
      run: () => this.#house.rose.containers.restart.mutate({ projectId }),
      outcome: async (isAnswered) => (await this.#isNow(projectId, 'running', 'asleep')) && isAnswered,
    };
  }

  async delete(projectId: number): Promise<Deed> {
    const { rose } = this.#house;
    await this.projects.work(projectId);
    return {
      run: () => rose.projects.delete.mutate({ projectId }),
      outcome: async () => !(await this.#undeleted(projectId)),
    };
  }

  async undelete(projectId: number): Promise<Deed> {
    const { rose } = this.#house;
    await this.projects.work(projectId);
    await rose.projects.delete.mutate({ projectId });
    return {
      run: () => rose.projects.undelete.mutate({ projectId }),
      outcome: () => this.#undeleted(projectId),
    };
  }

  async resume(projectId: number): Promise<Deed> {
    await this.projects.work(projectId);
    const id = (await this.#containers()).find((container) => container.projectId === projectId)!.id;
    await this.#house.killOrchestrator();
    await freeze(this.#house, id);
    await this.#house.start();
    if (!(await this.#isNow(projectId, 'paused', 'running'))) throw new Error('A paused container was not adopted so.');
    return {
      run: () => this.#house.rose.workspace(projectId).files.list.query({ path: '' }),
      outcome: () => this.#isNow(projectId, 'running', 'paused'),
    };
  }

  /** All of them become idle at the same time; the kill comes after the first is frozen. */
  async pause(projectId: number): Promise<Deed> {
    const { rose } = this.#house;
    await rose.settings.user.update.mutate({ values: { idlePauseMinutes: 1 } });
    await this.projects.expectAll();
    await untilTrue(async () => (await this.#containers()).some(({ status }) => status === 'paused'));
    return {
      run: () => untilTrue(async () => (await this.#stateOf(projectId)) === 'paused'),
      outcome: async () => {
        const isPaused = await this.#isNow(projectId, 'paused', 'running');
        await this.#house.rose.settings.user.reset.mutate({ key: 'idlePauseMinutes' });
        return isPaused;
      },
    };
  }

  async #make(): Promise<void> {
    const { id } = await this.#house.rose.projects.create.mutate({ name: this.projects.freshName() });
    await this.projects.welcome(id);
  }

  /** A project that was being made is there as a whole, or not at all. */
  async #welcomed(name: string, likeId?: number): Promise<boolean> {
    const made = (await this.projects.list()).find((project) => project.name === name);
    if (made !== undefined) await this.projects.welcome(made.id, likeId);
    return made !== undefined;
  }

  /** @returns whether it was there already; it is afterwards */
  async #undeleted(projectId: number): Promise<boolean> {
    if ((await this.projects.list()).some(({ id }) => id === projectId)) return true;
    await this.#house.rose.projects.undelete.mutate({ projectId });
    return false;
  }

  async #isNow(projectId: number, wanted: ProjectState, before: ProjectState): Promise<boolean> {
    const state = await this.#stateOf(projectId);
    if (state !== wanted && state !== before) throw new Error(`Project ${projectId} is ${state}.`);
    return state === wanted;
  }

  async #stateOf(projectId: number): Promise<ProjectState> {
    return (await this.#house.rose.containers.status.query({ projectId })).state;
  }

  async #containers() {
    return (await inventoryOf(this.#house, await this.#house.installation())).containers;
  }
}

async function untilTrue(holds: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + IDLE_MS; !(await holds()); await sleep(10))
    if (Date.now() > until) throw new Error('No project was paused in time.');
}
