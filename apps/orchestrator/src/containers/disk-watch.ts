import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProjectSettings } from '@rose/contract';
import type { Logger } from 'pino';
import type { DiskAmounts, Runtime } from '../drivers/runtime/runtime.ts';
import type { ContainersService } from './containers-service.ts';
import { DiskAllowance } from './disk-allowance.ts';
import { diskLimits, FILES_PER_MIB } from './disk-limits.ts';

export interface Space {
  free: DiskAmounts;
  /** No files: a file system that has as many as it has bytes for. */
  total: DiskAmounts;
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
const RESERVE: DiskAmounts = { bytes: 2048 * MIB, files: 2048 * FILES_PER_MIB };
const RESERVE_SHARE = 0.05;
/** Who grew by less is not the one who fills the disk. */
const GROWTH: DiskAmounts = { bytes: 64 * MIB, files: 10_000 };
/** Walks at once: they compete for one disk. */
const HANDS = 2;
/** So long a round waits for its counts. */
const COUNTS_MS = 1000;

/**
 * Keeps volumes within their limits where the engine cannot. Free space is asked for each second, which costs nothing;
 * the files of a project are counted when it can have grown too much since the last time, or was not counted for long.
 * A project over its limit is stopped: what it wrote stays, and it comes up again, but may only shrink until it is
 * within its limit.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #allowances = new Map<number, DiskAllowance>();
  readonly #lastKnown = new Map<number, DiskAmounts>();
  /** Those that run. */
  readonly #counts = new Map<number, Promise<void>>();

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** What a project's volume took when it was counted last; null: never since the start. */
  useOf(projectId: number): DiskAmounts | null {
    return this.#lastKnown.get(projectId) ?? null;
  }

  /**
   * One look at all running projects. What it counts is counted at its end, or goes on: one project with millions of
   * files keeps nobody from looking at the others. Never throws.
   */
  async round(signal?: AbortSignal): Promise<void> {
    const { containers, space, log } = this.#options;
    const running = containers.awake().filter((projectId) => !containers.isPaused(projectId));
    for (const projectId of this.#allowances.keys())
      if (!containers.awake().includes(projectId)) this.#allowances.delete(projectId);
    if (running.length === 0) return;
    try {
      const now = await space();
      const scarce = { bytes: isScarce(now, 'bytes'), files: isScarce(now, 'files') };
      for (const projectId of running) await this.#look(projectId, now.free, scarce, signal);
    } catch (err) {
      log.warn({ err }, 'the disk use of dev containers could not be looked at');
    }
    await Promise.race([Promise.all(this.#counts.values()), sleep(COUNTS_MS, undefined, { ref: false })]);
  }

  async #look(projectId: number, free: DiskAmounts, scarce: Scarce, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true || this.#counts.has(projectId)) return;
    const limits = diskLimits((await this.#options.settingsOf(projectId)).diskMiB);
    let allowance = this.#allowances.get(projectId);
    if (allowance === undefined) this.#allowances.set(projectId, (allowance = new DiskAllowance(free)));
    if (this.#counts.size >= HANDS || !allowance.isDue(limits, free, scarce.bytes || scarce.files)) return;
    const judged = this.#judge(projectId, allowance, { limits, free, scarce }, signal);
    this.#counts.set(
      projectId,
      judged.finally(() => this.#counts.delete(projectId)),
    );
  }

  /** Counts what a project has, and stops it when that is too much. Never throws. */
  async #judge(
    projectId: number,
    allowance: DiskAllowance,
    { limits, free, scarce }: { limits: DiskAmounts; free: DiskAmounts; scarce: Scarce },
    signal?: AbortSignal,
  ): Promise<void> {
    try {
      const counted = await this.#count(projectId, allowance, signal);
      const grown = allowance.count(counted, limits, free);
      this.#lastKnown.set(projectId, counted);
      const why = overLimit(allowance, limits) ?? fillingUp(scarce, grown);
      if (why !== null) await this.#halt(projectId, why);
    } catch (err) {
      if (signal?.aborted !== true)
        this.#options.log.warn({ projectId, err }, 'the disk use of a dev container could not be counted');
    }
  }

  async #count(projectId: number, allowance: DiskAllowance, signal?: AbortSignal): Promise<DiskAmounts> {
    const { containers, runtime } = this.#options;
    const { workspacePath } = await containers.project(projectId);
    using _ = allowance.counting();
    return await runtime.diskUse(workspacePath, signal);
  }

  async #halt(projectId: number, why: string): Promise<void> {
    const { containers, log } = this.#options;
    log.warn({ projectId, why }, 'a dev container is stopped for its disk use');
    this.#allowances.delete(projectId);
    await containers.halt(projectId, `Stopped because ${why}`);
  }
}

/** Of the file system of a folder. */
export async function spaceOf(folder: string): Promise<Space> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(folder);
  return { free: { bytes: bavail * bsize, files: ffree }, total: { bytes: blocks * bsize, files } };
}

type Scarce = Record<keyof DiskAmounts, boolean>;

function isScarce({ free, total }: Space, what: keyof DiskAmounts): boolean {
  return free[what] < Math.min(RESERVE[what], total[what] * RESERVE_SHARE);
}

const NOTHING_LOST = 'Nothing was lost: start it again to remove files';

function overLimit({ bytes, files }: DiskAllowance, limits: DiskAmounts): string | null {
  const wayOut = `${NOTHING_LOST}, or set a higher diskMiB.`;
  if (bytes.isOver) return `its files take ${text(bytes.amount)}, and ${text(limits.bytes)} are allowed. ${wayOut}`;
  if (!files.isOver) return null;
  return `it has ${figure(files.amount)} files, and ${figure(limits.files)} are allowed. ${wayOut}`;
}

function fillingUp(scarce: Scarce, grown: DiskAmounts): string | null {
  const disk = 'the disk of this RoSE';
  if (scarce.bytes && grown.bytes > GROWTH.bytes)
    return `${disk} is almost full, and its files grew by ${text(grown.bytes)}. ${NOTHING_LOST}.`;
  if (scarce.files && grown.files > GROWTH.files)
    return `${disk} can hold hardly any more files, and it made ${figure(grown.files)}. ${NOTHING_LOST}.`;
  return null;
}

function text(bytes: number): string {
  return bytes >= 1024 * MIB ? `${(bytes / (1024 * MIB)).toFixed(1)} GiB` : `${Math.ceil(bytes / MIB)} MiB`;
}

function figure(files: number): string {
  return files.toLocaleString('en');
}
