import type { ProjectSettings } from '@rose/contract';
import type { Logger } from 'pino';
import type { ContainersService } from './containers-service.ts';

export interface AttendantOptions {
  containers: ContainersService;
  /** Containers that an earlier orchestrator left running. */
  left: readonly { projectId: number; containerId: string }[];
  settingsOf: (projectId: number) => Promise<ProjectSettings>;
  /** Keeps unsaved work as a checkpoint; makes none when nothing changed. */
  autoSave: (projectId: number) => Promise<void>;
  log: Logger;
}

const MINUTE_MS = 60_000;
/** Projects looked after at once: a save may take long, and the others wait no longer for it. */
const HANDS = 4;
/** An agent that was silent in so many rounds one after the other hangs. */
const MISSES = 3;

/** Looks after running containers: saves by itself, pauses and stops what nobody uses, restarts what hangs. */
export class Attendant {
  readonly #options: AttendantOptions;
  readonly #savedAtMs = new Map<number, number>();
  readonly #misses = new Map<number, number>();
  #left: AttendantOptions['left'];

  constructor(options: AttendantOptions) {
    this.#options = options;
    this.#left = options.left;
  }

  /** One look at every container that runs. Never throws. */
  async round(signal?: AbortSignal): Promise<void> {
    const { containers } = this.#options;
    await this.#adopt(signal);
    const awake = new Set(containers.awake());
    for (const known of [this.#savedAtMs, this.#misses])
      for (const projectId of known.keys()) if (!awake.has(projectId)) known.delete(projectId);
    await this.#each([...awake], 'looking after a dev container', (projectId) => this.#attend(projectId), signal);
  }

  /** Containers that nobody has used since the start are looked after too. */
  async #adopt(signal?: AbortSignal): Promise<void> {
    const { care } = this.#options.containers;
    const left = new Map(this.#left.map(({ projectId, containerId }) => [projectId, containerId]));
    this.#left = [];
    await this.#each([...left.keys()], 'adopting a dev container', (id) => care.adopt(id, left.get(id)!), signal);
  }

  async #each(
    projects: readonly number[],
    what: string,
    deed: (projectId: number) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    const queue = projects.values();
    const work = async (): Promise<void> => {
      for (const projectId of queue) {
        if (signal?.aborted === true) return;
        await deed(projectId).catch((err: unknown) => {
          this.#options.log.warn({ projectId, err }, `${what} failed`);
        });
      }
    };
    await Promise.all(Array.from({ length: HANDS }, work));
  }

  async #attend(projectId: number): Promise<void> {
    const { containers, settingsOf, autoSave } = this.#options;
    if (!(await containers.care.look(projectId))) return;
    const settings = await settingsOf(projectId);
    const idleMs = containers.activity.idleMs(projectId);
    const stopMs = settings.idleStopMinutes * MINUTE_MS;
    if (idleMs >= stopMs) return await containers.stop(projectId, stopMs);
    if (containers.isPaused(projectId) || (await this.#hangs(projectId))) return;
    if (this.#isSaveDue(projectId, settings.autosaveMinutes)) {
      this.#savedAtMs.set(projectId, Date.now());
      await autoSave(projectId);
    }
    const pauseMs = settings.idlePauseMinutes * MINUTE_MS;
    if (idleMs >= pauseMs) await containers.pause(projectId, pauseMs);
  }

  /** Whether the agent does not answer now; restarts the container of one that has not for a while. */
  async #hangs(projectId: number): Promise<boolean> {
    const { containers, log } = this.#options;
    if (await containers.care.answers(projectId)) {
      this.#misses.delete(projectId);
      return false;
    }
    const misses = (this.#misses.get(projectId) ?? 0) + 1;
    this.#misses.set(projectId, misses);
    if (misses < MISSES) return true;
    this.#misses.delete(projectId);
    log.warn({ projectId }, 'an agent that does not answer any more is restarted');
    await containers.restart(projectId);
    return true;
  }

  #isSaveDue(projectId: number, minutes: number): boolean {
    const last = this.#savedAtMs.get(projectId);
    if (last === undefined) this.#savedAtMs.set(projectId, Date.now());
    return minutes > 0 && last !== undefined && Date.now() - last >= minutes * MINUTE_MS;
  }
}
