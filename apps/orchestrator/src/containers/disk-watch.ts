import { statfs } from 'node:fs/promises';
import type { ProjectSettings } from '@rose/contract';
import type { Logger } from 'pino';
import type { Runtime } from '../drivers/runtime/runtime.ts';
import type { ContainersService } from './containers-service.ts';
import { DiskAllowance } from './disk-allowance.ts';

export interface Space {
  freeBytes: number;
  totalBytes: number;
}

export interface DiskWatchOptions {
  containers: Pick<ContainersService, 'awake' | 'isPaused' | 'project' | 'halt'>;
  runtime: Pick<Runtime, 'diskUse'>;
  settingsOf: (projectId: number) => Promise<ProjectSettings>;
  /** Of the file system that volumes lie on. */
  space: () => Promise<Space>;
  log: Logger;
}

const MIB = 1024 * 1024;
/** What is left for RoSE itself and its database: at most, and of the whole. */
const RESERVE_BYTES = 2048 * MIB;
const RESERVE_SHARE = 0.05;
/** Who grew by less is not the one who fills the disk. */
const GROWTH_BYTES = 64 * MIB;
/** Walks at once: they compete for one disk. */
const HANDS = 2;

/**
 * Keeps volumes within their limits where the engine cannot. Free space is asked for each second, which costs nothing;
 * the files of a project are counted when it can have grown too much since the last time, or was not counted for long.
 * A project over its limit is stopped: what it wrote stays, and it comes up again, but may only shrink until it is
 * within its limit.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #allowances = new Map<number, DiskAllowance>();
  readonly #lastKnown = new Map<number, number>();

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Bytes of a project's volume when it was counted last; null: never since the start. */
  useOf(projectId: number): number | null {
    return this.#lastKnown.get(projectId) ?? null;
  }

  /** One look at all running projects. Never throws. */
  async round(signal?: AbortSignal): Promise<void> {
    const { containers, space, log } = this.#options;
    const running = containers.awake().filter((projectId) => !containers.isPaused(projectId));
    for (const projectId of this.#allowances.keys())
      if (!containers.awake().includes(projectId)) this.#allowances.delete(projectId);
    if (running.length === 0) return;
    try {
      const now = await space();
      const isScarce = now.freeBytes < Math.min(RESERVE_BYTES, now.totalBytes * RESERVE_SHARE);
      const queue = running.values();
      const work = async (): Promise<void> => {
        for (const projectId of queue) if (signal?.aborted !== true) await this.#look(projectId, now, isScarce, signal);
      };
      await Promise.all(Array.from({ length: HANDS }, work));
    } catch (err) {
      log.warn({ err }, 'the disk use of dev containers could not be looked at');
    }
  }

  async #look(projectId: number, { freeBytes }: Space, isScarce: boolean, signal?: AbortSignal): Promise<void> {
    const { settingsOf, log } = this.#options;
    try {
      const limit = (await settingsOf(projectId)).diskMiB * MIB;
      let allowance = this.#allowances.get(projectId);
      if (allowance === undefined) this.#allowances.set(projectId, (allowance = new DiskAllowance(freeBytes)));
      if (!allowance.isDue(limit, freeBytes, isScarce)) return;
      const grown = allowance.count(await this.#count(projectId, allowance, signal), limit, freeBytes);
      this.#lastKnown.set(projectId, allowance.bytes);
      if (allowance.isOver)
        await this.#halt(projectId, `its files take ${text(allowance.bytes)}, and ${text(limit)} are allowed`);
      else if (isScarce && grown > GROWTH_BYTES)
        await this.#halt(projectId, `the disk of this RoSE is almost full, and its files grew by ${text(grown)}`);
    } catch (err) {
      if (signal?.aborted !== true)
        log.warn({ projectId, err }, 'the disk use of a dev container could not be counted');
    }
  }

  async #count(projectId: number, allowance: DiskAllowance, signal?: AbortSignal): Promise<number> {
    const { containers, runtime } = this.#options;
    const { workspacePath } = await containers.project(projectId);
    using _ = allowance.counting();
    return await runtime.diskUse(workspacePath, signal);
  }

  async #halt(projectId: number, why: string): Promise<void> {
    const { containers, log } = this.#options;
    log.warn({ projectId, why }, 'a dev container is stopped for its disk use');
    this.#allowances.delete(projectId);
    await containers.halt(projectId, `Stopped because ${why}. Nothing was lost: start it again to remove files.`);
  }
}

/** Of the file system of a folder. */
export async function spaceOf(folder: string): Promise<Space> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

function text(bytes: number): string {
  return bytes >= 1024 * MIB ? `${(bytes / (1024 * MIB)).toFixed(1)} GiB` : `${Math.ceil(bytes / MIB)} MiB`;
}
