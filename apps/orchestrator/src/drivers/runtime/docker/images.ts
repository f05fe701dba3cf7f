import type Docker from 'dockerode';
import { findImage } from './find-image.ts';
import { ensureForeignImage } from './foreign-image.ts';
import { noteUse, tagOf } from './image-use.ts';
import { currentKey, ensureDevImage, type DevImage, type DevImageOptions } from './image.ts';
import { removeUnusedAgentVolumes, removeUnusedImages } from './leftovers.ts';
import { SharedTask } from './shared-task.ts';

const REPOSITORY = 'rose-dev';
/** As long as volumes of no project: who goes back to an earlier release has what he needs. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;
/** RoSE's own image is looked for again after so long: a start asks for it twice, and reads all of the agent for that. */
const FOUND_MS = 5000;

/** The images of dev containers at an engine: RoSE's own, and those that projects name. */
export class Images {
  readonly #docker: Docker;
  readonly #helperLabels: Record<string, string>;
  readonly #options: DevImageOptions;
  readonly #own: SharedTask<DevImage>;
  #found: { image: DevImage; atMs: number } | null = null;
  /** Those that are being looked for. */
  readonly #foreign = new Map<string, SharedTask<DevImage>>();

  /** @param own how RoSE's own image is built: see DevImageOptions */
  constructor(
    docker: Docker,
    helperLabels: Record<string, string>,
    own: Pick<DevImageOptions, 'folder' | 'baseImage'>,
  ) {
    this.#docker = docker;
    this.#helperLabels = helperLabels;
    const options = { ...own, repository: REPOSITORY, keepMs: KEEP_MS };
    this.#options = options;
    this.#own = new SharedTask((report, signal) => ensureDevImage(docker, options, report, signal));
  }

  /**
   * Builds, pulls or finds an image; calls at the same time share the work.
   * @param name null for RoSE's own
   * @throws RoseError RUNTIME_UNAVAILABLE, CONTAINER_FAILED, CANCELLED
   */
  async ensure(name: string | null, report: (line: string) => void, signal?: AbortSignal): Promise<DevImage> {
    if (name === null) return await this.#ensureOwn(report, signal);
    const task = this.#foreign.get(name) ?? new SharedTask((tell, stop) => this.#obtain(name, tell, stop));
    this.#foreign.set(name, task);
    try {
      return await task.run(report, signal);
    } finally {
      if (task.isIdle && this.#foreign.get(name) === task) this.#foreign.delete(name);
    }
  }

  async #ensureOwn(report: (line: string) => void, signal?: AbortSignal): Promise<DevImage> {
    if (this.#found !== null && Date.now() - this.#found.atMs < FOUND_MS) return this.#found.image;
    const image = await this.#own.run(report, signal);
    this.#found = { image, atMs: Date.now() };
    return image;
  }

  /** Something that was found a moment ago is gone. */
  forget(): void {
    this.#found = null;
  }

  /**
   * Notes that the current image is in use, and removes images and agent volumes that are in nobody's.
   * @returns the names of what was removed
   */
  async removeUnused(signal: AbortSignal): Promise<string[]> {
    const { repository, keepMs } = this.#options;
    const key = await currentKey(this.#docker, this.#options, signal);
    // Which one is in use cannot be told now.
    if (key === null) return [];
    const current = await findImage(this.#docker, tagOf({ repository, key }), signal);
    if (current !== null) await noteUse(this.#docker, current, { repository, key }, keepMs);
    const images = await removeUnusedImages(this.#docker, this.#options, key, signal);
    return [...images, ...(await removeUnusedAgentVolumes(this.#docker, repository, key, signal))];
  }

  async #obtain(name: string, report: (line: string) => void, signal: AbortSignal): Promise<DevImage> {
    const own = await this.#ensureOwn(report, signal);
    return await ensureForeignImage(this.#docker, name, { own, helperLabels: this.#helperLabels }, report, signal);
  }
}
