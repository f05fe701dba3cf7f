import type Docker from 'dockerode';
import { ensureForeignImage } from './foreign-image.ts';
import { ensureDevImage, type DevImage } from './image.ts';
import { SharedTask } from './shared-task.ts';

/** The images of dev containers at an engine: RoSE's own, and those that projects name. */
export class Images {
  readonly #docker: Docker;
  readonly #helperLabels: Record<string, string>;
  readonly #own: SharedTask<DevImage>;
  /** Those that are being looked for. */
  readonly #foreign = new Map<string, SharedTask<DevImage>>();

  /** @param own how RoSE's own image is built: see ensureDevImage */
  constructor(docker: Docker, helperLabels: Record<string, string>, own: { folder: string; baseImage: string | null }) {
    this.#docker = docker;
    this.#helperLabels = helperLabels;
    this.#own = new SharedTask((report, signal) => ensureDevImage(docker, own, report, signal));
  }

  /**
   * Builds, pulls or finds an image; calls at the same time share the work.
   * @param name null for RoSE's own
   * @throws RoseError RUNTIME_UNAVAILABLE, CONTAINER_FAILED, CANCELLED
   */
  async ensure(name: string | null, report: (line: string) => void, signal?: AbortSignal): Promise<DevImage> {
    if (name === null) return await this.#own.run(report, signal);
    const task = this.#foreign.get(name) ?? new SharedTask((tell, stop) => this.#obtain(name, tell, stop));
    this.#foreign.set(name, task);
    try {
      return await task.run(report, signal);
    } finally {
      if (task.isIdle && this.#foreign.get(name) === task) this.#foreign.delete(name);
    }
  }

  async #obtain(name: string, report: (line: string) => void, signal: AbortSignal): Promise<DevImage> {
    const own = await this.#own.run(report, signal);
    return await ensureForeignImage(this.#docker, name, { own, helperLabels: this.#helperLabels }, report, signal);
  }
}
