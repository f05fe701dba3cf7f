import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerUsage, ProjectSettings } from '@rose/contract';
import type { ContainerStats, DiskAmounts, Runtime } from '../drivers/runtime/runtime.ts';
import type { ContainersRepository } from './containers-repository.ts';
import { diskLimits } from './disk-limits.ts';

const MIB = 1024 * 1024;
/** Processor time is measured over a span of this length, ms. */
const SHORTEST_SPAN_MS = 500;
const LONGEST_SPAN_MS = 30_000;
const FOLLOW_MS = 2000;

export interface UsageMeterOptions {
  repository: Pick<ContainersRepository, 'get'>;
  runtime: Pick<Runtime, 'stats'>;
  settingsOf: (projectId: number) => Promise<ProjectSettings>;
  /** What a project's volume holds, as far as that is known. */
  diskOf: (projectId: number) => DiskAmounts | null;
}

interface Sample extends ContainerStats {
  containerId: string;
  atMs: number;
}

/** Measures what containers use, without waking any. */
export class UsageMeter {
  readonly #options: UsageMeterOptions;
  readonly #last = new Map<number, Sample>();
  readonly #measuring = new Map<number, Promise<ContainerUsage>>();

  constructor(options: UsageMeterOptions) {
    this.#options = options;
  }

  /** Whoever asks while a measurement runs gets that one. @throws RoseError NOT_FOUND, RUNTIME_UNAVAILABLE */
  measure(projectId: number): Promise<ContainerUsage> {
    const running = this.#measuring.get(projectId);
    if (running !== undefined) return running;
    const measured = this.#measure(projectId).finally(() => this.#measuring.delete(projectId));
    this.#measuring.set(projectId, measured);
    return measured;
  }

  /** A measurement every two seconds, until `signal` aborts. */
  async *follow(projectId: number, signal: AbortSignal): AsyncGenerator<ContainerUsage> {
    while (!signal.aborted) {
      yield await this.measure(projectId);
      await sleep(FOLLOW_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #measure(projectId: number): Promise<ContainerUsage> {
    const { repository, settingsOf, diskOf } = this.#options;
    const { state, containerId } = await repository.get(projectId);
    const { cpus, memoryMiB, pids, diskMiB } = await settingsOf(projectId);
    const used = containerId === null ? this.#nothing(projectId) : await this.#use(projectId, containerId);
    const disk = diskOf(projectId);
    const limits = diskLimits(diskMiB);
    return {
      ...used,
      state,
      at: new Date().toISOString(),
      cpuLimitPercent: cpus * 100,
      memoryLimitBytes: memoryMiB * MIB,
      processLimit: pids,
      diskBytes: disk?.bytes ?? null,
      diskLimitBytes: limits.bytes,
      diskFiles: disk?.files ?? null,
      diskFileLimit: limits.files,
    };
  }

  #nothing(projectId: number): Use {
    this.#last.delete(projectId);
    return { cpuPercent: 0, memoryBytes: 0, processes: 0 };
  }

  async #use(projectId: number, containerId: string): Promise<Use> {
    let before = this.#last.get(projectId);
    let now = await this.#sample(containerId);
    const spanMs = before === undefined ? 0 : now.atMs - before.atMs;
    if (before?.containerId !== containerId || spanMs < SHORTEST_SPAN_MS || spanMs > LONGEST_SPAN_MS) {
      before = now;
      await sleep(SHORTEST_SPAN_MS);
      now = await this.#sample(containerId);
    }
    this.#last.set(projectId, now);
    // One that has ended meanwhile counts from zero again.
    const cpuSeconds = Math.max(0, now.cpuSeconds - before.cpuSeconds);
    const percent = (cpuSeconds / ((now.atMs - before.atMs) / 1000)) * 100;
    return { cpuPercent: Math.round(percent * 10) / 10, memoryBytes: now.memoryBytes, processes: now.pids };
  }

  async #sample(containerId: string): Promise<Sample> {
    const stats = await this.#options.runtime.stats(containerId);
    return { ...stats, containerId, atMs: performance.now() };
  }
}

type Use = Pick<ContainerUsage, 'cpuPercent' | 'memoryBytes' | 'processes'>;
