import type Docker from 'dockerode';
import { buffer } from 'node:stream/consumers';
import { notFound } from '@rose/contract';
import { COUNTS, parseCounts } from '../process/owners.ts';
import type { DiskAmounts } from '../runtime.ts';
import { callEngine } from './calls.ts';
import { logText } from './logs.ts';

const COUNT_MS = 120_000;
const MIB = 1024 * 1024;

/**
 * Counts what volumes hold. A volume that is counted is in use, so whoever removes one ends its counts first; a count
 * that came later would make the volume anew.
 */
export class VolumeCounts {
  readonly #docker: Docker;
  readonly #helperLabels: Record<string, string>;
  readonly #gone = new Set<string>();
  readonly #running = new Map<string, Set<{ abort: AbortController; done: Promise<unknown> }>>();

  constructor(docker: Docker, helperLabels: Record<string, string>) {
    this.#docker = docker;
    this.#helperLabels = helperLabels;
  }

  /**
   * What a volume takes of its disk.
   * @param volume its name at the engine
   * @throws RoseError CONTAINER_FAILED, CANCELLED; NOT_FOUND for one that is removed
   */
  async count(volume: string, imageId: string, signal?: AbortSignal): Promise<DiskAmounts> {
    if (this.#gone.has(volume)) throw notFound('volume');
    const abort = new AbortController();
    const until = signal === undefined ? abort.signal : AbortSignal.any([abort.signal, signal]);
    const counting = countVolume(this.#docker, { volume, imageId, helperLabels: this.#helperLabels }, until);
    const running = { abort, done: counting.catch(() => {}) };
    const others = this.#running.get(volume) ?? new Set();
    this.#running.set(volume, others.add(running));
    try {
      return await counting;
    } finally {
      others.delete(running);
      if (others.size === 0) this.#running.delete(volume);
    }
  }

  /** A volume that is there again, after `end`. */
  begin(volume: string): void {
    this.#gone.delete(volume);
  }

  /** Returns when nobody counts a volume any more, for it goes. */
  async end(volume: string): Promise<void> {
    this.#gone.add(volume);
    const running = [...(this.#running.get(volume) ?? [])];
    for (const { abort } of running) abort.abort();
    await Promise.all(running.map(({ done }) => done));
  }
}

interface Counted {
  volume: string;
  imageId: string;
  helperLabels: Record<string, string>;
}

/**
 * Counted by a container of our own image, which sees nothing else and may read directories that were closed, and
 * no more.
 */
async function countVolume(docker: Docker, what: Counted, until: AbortSignal): Promise<DiskAmounts> {
  let counting: Promise<DiskAmounts> | null = null;
  try {
    const count = (signal: AbortSignal): Promise<DiskAmounts> => (counting = runCount(docker, what, signal));
    return await callEngine('count the files of a volume', COUNT_MS, count, until);
  } finally {
    // What is cancelled still has to clear up.
    await (counting as Promise<DiskAmounts> | null)?.catch(() => {});
  }
}

async function runCount(
  docker: Docker,
  { volume, imageId, helperLabels }: Counted,
  abortSignal: AbortSignal,
): Promise<DiskAmounts> {
  const container = await docker.createContainer({
    Image: imageId,
    Entrypoint: ['sh', '-c', COUNTS.join('; ')],
    Labels: helperLabels,
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin'],
    WorkingDir: '/volume',
    User: '0:0',
    HostConfig: {
      // Gone also when this process ends meanwhile.
      AutoRemove: true,
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      CapAdd: ['DAC_READ_SEARCH'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      PidsLimit: 16,
      Memory: 256 * MIB,
      MemorySwap: 256 * MIB,
      Mounts: [{ Type: 'volume', Source: volume, Target: '/volume', ReadOnly: true, VolumeOptions: NO_COPY }],
    },
  });
  try {
    const output = await container.attach({ stream: true, stdout: true, abortSignal });
    await container.start({ abortSignal });
    return parseCounts(logText(await buffer(output)));
  } finally {
    // The engine may be removing it already; only then the volume is free.
    await container.remove({ force: true }).catch(() => {});
    await container.wait({ condition: 'removed' }).catch(() => {});
  }
}

/** A volume that is new is not filled from the image for that. */
const NO_COPY = { NoCopy: true, Labels: {}, DriverConfig: { Name: '', Options: {} } };
