import { setTimeout as sleep } from 'node:timers/promises';
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

const ROUND_MS = 15_000;
const MINUTE_MS = 60_000;
/** Projects looked after at once: a save may take long, and the others wait no longer for it. */
const HANDS = 4;
/** A round under way may take as long as a save does; what it works with ends after it. */
const LAST_ROUND_MS = 500;

/** Looks after running containers: saves by itself, pauses and stops what nobody uses. */
export class Attendant implements AsyncDisposable {
  readonly #options: AttendantOptions;
  readonly #stopping = new AbortController();
  readonly #savedAtMs = new Map<number, number>();
  #rounds: Promise<void> = Promise.resolve();
  #left: AttendantOptions['left'];

  constructor(options: AttendantOptions) {
    this.#options = options;
    this.#left = options.left;
  }

  start(): void {
    this.#rounds = this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(ROUND_MS, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await this.round();
    }
  }

  /** One look at every container that runs. Never throws. */
  async round(): Promise<void> {
    const { containers } = this.#options;
    await this.#adopt();
    const awake = containers.awake();
    for (const projectId of this.#savedAtMs.keys()) if (!awake.includes(projectId)) this.#savedAtMs.delete(projectId);
    await this.#each(awake, 'looking after a dev container', (projectId) => this.#attend(projectId));
  }

  /** Containers that nobody has used since the start are looked after too. */
  async #adopt(): Promise<void> {
    const { containers } = this.#options;
    const left = new Map(this.#left.map(({ projectId, containerId }) => [projectId, containerId]));
    this.#left = [];
    await this.#each([...left.keys()], 'adopting a dev container', (id) => containers.adopt(id, left.get(id)!));
  }

  async #each(projects: readonly number[], what: string, deed: (projectId: number) => Promise<void>): Promise<void> {
    const queue = projects.values();
    const work = async (): Promise<void> => {
      for (const projectId of queue) {
        if (this.#stopping.signal.aborted) return;
        await deed(projectId).catch((err: unknown) => {
          this.#options.log.warn({ projectId, err }, `${what} failed`);
        });
      }
    };
    await Promise.all(Array.from({ length: HANDS }, work));
  }

  async #attend(projectId: number): Promise<void> {
    const { containers, settingsOf, autoSave } = this.#options;
    if (!(await containers.look(projectId))) return;
    const settings = await settingsOf(projectId);
    const idleMs = containers.activity.idleMs(projectId);
    const stopMs = settings.idleStopMinutes * MINUTE_MS;
    if (idleMs >= stopMs) return await containers.stop(projectId, stopMs);
    if (containers.isPaused(projectId)) return;
    if (this.#isSaveDue(projectId, settings.autosaveMinutes)) {
      this.#savedAtMs.set(projectId, Date.now());
      await autoSave(projectId);
    }
    const pauseMs = settings.idlePauseMinutes * MINUTE_MS;
    if (idleMs >= pauseMs) await containers.pause(projectId, pauseMs);
  }

  #isSaveDue(projectId: number, minutes: number): boolean {
    const last = this.#savedAtMs.get(projectId);
    if (last === undefined) this.#savedAtMs.set(projectId, Date.now());
    return minutes > 0 && last !== undefined && Date.now() - last >= minutes * MINUTE_MS;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.race([this.#rounds, sleep(LAST_ROUND_MS)]);
  }
}
