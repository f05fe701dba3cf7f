import type { DiskAmounts } from '../drivers/runtime/runtime.ts';
import { DiskShare } from './disk-share.ts';

const MIB = 1024 * 1024;
/** Right after a start others need the machine more. */
const FIRST_MS = 30_000;
const LONGEST_MS = 15 * 60_000;
/** After a count at least so long, and so many times as long as the count took: it may take no more of the disk's time. */
const SHORTEST_MS = 2000;
const REST = 10;
/** A file system never tells so exactly what is free that less would mean something. */
const STEP: DiskAmounts = { bytes: 16 * MIB, files: 20_000 };
/** Over a limit counts what is over by more: histories and caches must have room to be written. */
const SLACK: DiskAmounts = { bytes: 8 * MIB, files: 1000 };

/** What one project's files may take of their disk, and when to count them again. */
export class DiskAllowance {
  readonly bytes: DiskShare;
  readonly files: DiskShare;
  #isCounted = false;
  #countedAtMs = performance.now();
  #tookMs = 0;

  /** @param free of the disk when the container came up */
  constructor(free: DiskAmounts) {
    this.bytes = new DiskShare(free.bytes, STEP.bytes, SLACK.bytes);
    this.files = new DiskShare(free.files, STEP.files, SLACK.files);
  }

  /**
   * Whether it can be over a limit by now: the disk lost half of what it had left, or it was not counted for long.
   * @param limits 0 for none
   */
  isDue(limits: DiskAmounts, free: DiskAmounts, isScarce: boolean): boolean {
    const agoMs = performance.now() - this.#countedAtMs;
    const hasLost = this.bytes.hasLost(free.bytes) || this.files.hasLost(free.files);
    if (!this.#isCounted) return hasLost || agoMs > FIRST_MS;
    if (agoMs < Math.max(SHORTEST_MS, this.#tookMs * REST)) return false;
    if (agoMs > LONGEST_MS) return true;
    if (isScarce) return hasLost;
    return this.bytes.canBeOver(limits.bytes, free.bytes) || this.files.canBeOver(limits.files, free.files);
  }

  /** Measures how long a count takes. */
  counting(): Disposable {
    const began = performance.now();
    return {
      [Symbol.dispose]: () => {
        this.#countedAtMs = performance.now();
        this.#tookMs = this.#countedAtMs - began;
      },
    };
  }

  /**
   * Takes what was counted.
   * @returns by how much it grew since the last count; 0 for the first
   */
  count(counted: DiskAmounts, limits: DiskAmounts, free: DiskAmounts): DiskAmounts {
    this.#isCounted = true;
    return {
      bytes: this.bytes.count(counted.bytes, limits.bytes, free.bytes),
      files: this.files.count(counted.files, limits.files, free.files),
    };
  }
}
