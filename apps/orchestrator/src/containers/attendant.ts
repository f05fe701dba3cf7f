import { setTimeout as sleep } from 'node:timers/promises';
import type { ProjectSettings } from '@rose/contract';
import type { Logger } from 'pino';
import type { ContainersService } from './containers-service.ts';

export interface AttendantOptions {
  containers: ContainersService;
  settingsOf: (projectId: number) => Promise<ProjectSettings>;
  /** Keeps unsaved work as a checkpoint; makes none when nothing changed. */
  autoSave: (projectId: number) => Promise<void>;
  log: Logger;
}

const ROUND_MS = 15_000;
const MINUTE_MS = 60_000;
/** A round under way may take as long as a save does; what it works with ends after it. */
const LAST_ROUND_MS = 500;

/** Looks after running containers: saves by itself, pauses and stops what nobody uses. */
export class Attendant implements AsyncDisposable {
  readonly #options: AttendantOptions;
  readonly #stopping = new AbortController();
  readonly #savedAtMs = new Map<number, number>();
  #rounds: Promise<void> = Promise.resolve();

  constructor(options: AttendantOptions) {
    this.#options = options;
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

  /** One look at every container that runs. */
  async round(): Promise<void> {
    const { containers, log } = this.#options;
    const awake = containers.awake();
    for (const projectId of this.#savedAtMs.keys()) if (!awake.includes(projectId)) this.#savedAtMs.delete(projectId);
    for (const projectId of awake) {
      try {
        await this.#attend(projectId);
      } catch (error) {
        log.warn({ projectId, err: error }, 'looking after a dev container failed; the next round tries again');
      }
    }
  }

  async #attend(projectId: number): Promise<void> {
    const { containers, settingsOf, autoSave } = this.#options;
    if (!(await containers.look(projectId))) return;
    const settings = await settingsOf(projectId);
    const idleMs = containers.activity.idleMs(projectId);
    if (idleMs >= settings.idleStopMinutes * MINUTE_MS) return await containers.stop(projectId);
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
