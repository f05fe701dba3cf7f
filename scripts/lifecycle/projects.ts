import type { Project } from '@rose/contract';
import type { House } from '../kill/house.ts';
import { shell, type Place } from '../kill/workspace.ts';

/** The projects of a house, and the work that each holds: a number in a file, mostly unsaved. */
export class Projects {
  readonly #house: House;
  readonly #marks = new Map<number, string>();
  #last = 0;

  constructor(house: House) {
    this.#house = house;
  }

  get ids(): number[] {
    return [...this.#marks.keys()];
  }

  /** A name that none has. */
  freshName(): string {
    return `made ${(this.#last += 1)}`;
  }

  /** Does some work in a project, which is expected there from now on. */
  async work(projectId: number): Promise<void> {
    const mark = `${(this.#last += 1)}`;
    await shell(this.#place(projectId), `echo ${mark} > mark`);
    this.#marks.set(projectId, mark);
  }

  /** Takes in a project that must hold nothing, or what another one held. */
  async welcome(projectId: number, likeId?: number): Promise<void> {
    const mark = likeId === undefined ? '' : this.#marks.get(likeId)!;
    const found = await this.#markIn(projectId);
    if (found !== mark) throw new Error(`Project ${projectId} is new and holds "${found}", not "${mark}".`);
    await this.work(projectId);
  }

  /** Every project is listed, wakes and holds its work, and there is no other. */
  async expectAll(): Promise<void> {
    const listed = (await this.list()).map(({ id }) => id);
    const known = this.ids.toSorted((a, b) => a - b);
    if (listed.join() !== known.join()) throw new Error(`The projects are ${listed.join()}, not ${known.join()}.`);
    for (const [projectId, mark] of this.#marks) {
      const found = await this.#markIn(projectId);
      if (found !== mark) throw new Error(`Project ${projectId} holds "${found}", and not its work "${mark}".`);
    }
  }

  /** Deletes the youngest projects until so many are left. */
  async shrink(to: number): Promise<void> {
    for (const projectId of this.ids.slice(to)) {
      await this.#house.rose.projects.delete.mutate({ projectId });
      this.#marks.delete(projectId);
    }
  }

  async list(): Promise<Project[]> {
    return await this.#house.rose.projects.list.query();
  }

  async #markIn(projectId: number): Promise<string> {
    return (await shell(this.#place(projectId), 'cat mark 2> /dev/null || ls -A')).toString().trim();
  }

  #place(projectId: number): Place {
    return { rose: this.#house.rose, projectId };
  }
}
