import { MIN_CHUNK_BYTES, type VersionLimits } from '@rose/snapshot';
import { RoseError } from '@rose/contract';

/** A save of a workspace at its limits, over a slow disk. */
const LONGEST_MS = 6 * 60 * 60 * 1000;
const MOST_REPORTS = 1_000_000;
/** Files that change while they are read are sent again; still this is more than any workspace needs. */
const SPARE = 4;

/** Ends a save that never comes to its end: each frame is fine by itself, and there is always another one. */
export class SaveBounds {
  readonly #limits: VersionLimits;
  readonly #deadline = Date.now() + LONGEST_MS;
  #objects = 0;
  #bytes = 0;
  #reports = 0;

  constructor(limits: VersionLimits) {
    this.#limits = limits;
  }

  /** @throws RoseError LIMIT_EXCEEDED, TIMEOUT */
  object(bytes: number): void {
    this.#requireTime();
    this.#objects += 1;
    this.#bytes += bytes;
    const { entries, bytes: allowed } = this.#limits;
    this.#require('objects', this.#objects, SPARE * (entries + allowed / MIN_CHUNK_BYTES + 16));
    this.#require('bytesSent', this.#bytes, SPARE * (allowed + entries * 1024 + 1024 * 1024));
  }

  /** @throws RoseError LIMIT_EXCEEDED, TIMEOUT */
  report(): void {
    this.#requireTime();
    this.#reports += 1;
    this.#require('reports', this.#reports, MOST_REPORTS);
  }

  #requireTime(): void {
    if (Date.now() > this.#deadline)
      throw new RoseError('TIMEOUT', 'The save took longer than six hours and was given up.');
  }

  #require(limit: string, value: number, allowed: number): void {
    if (value <= allowed) return;
    const message = `The save sends more than any workspace within the limits needs (${limit}). Nothing was saved.`;
    throw new RoseError('LIMIT_EXCEEDED', message, { limit, value, allowed });
  }
}
