const MIB = 1024 * 1024;
/** Right after a start others need the machine more. */
const FIRST_MS = 30_000;
const LONGEST_MS = 15 * 60_000;
/** After a count at least so long, and so many times as long as the count took: it may take no more of the disk's time. */
const SHORTEST_MS = 2000;
const REST = 10;
/** A file system never tells the free space so exactly that less would mean something. */
const STEP_BYTES = 16 * MIB;
/** Over a limit counts what is over by more: histories and caches must have room to be written. */
const SLACK_BYTES = 8 * MIB;

/** What one project's files may take, and when to count them again. */
export class DiskAllowance {
  /** When they were counted last. */
  bytes = 0;
  /** Whether that was too much. */
  isOver = false;
  #allowed: number | null = null;
  #freeBytes: number;
  #countedAtMs = performance.now();
  #tookMs = 0;

  /** @param freeBytes of the disk when the container came up */
  constructor(freeBytes: number) {
    this.#freeBytes = freeBytes;
  }

  /**
   * Whether it can be over its limit by now: the disk lost half of what it had left, or it was not counted for long.
   * @param limit bytes; 0 for none
   */
  isDue(limit: number, freeBytes: number, isScarce: boolean): boolean {
    const agoMs = performance.now() - this.#countedAtMs;
    const lost = this.#freeBytes - freeBytes;
    if (this.#allowed === null) return lost >= STEP_BYTES || agoMs > FIRST_MS;
    if (agoMs < Math.max(SHORTEST_MS, this.#tookMs * REST)) return false;
    if (agoMs > LONGEST_MS) return true;
    if (isScarce) return lost >= STEP_BYTES;
    return limit > 0 && lost >= Math.max(STEP_BYTES, (Math.max(limit, this.#allowed) - this.bytes) / 2);
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
   * Takes what was counted. What came up over its limit, or got a lower one, may shrink and not grow.
   * @returns by how much it grew since the last count; 0 for the first
   */
  count(bytes: number, limit: number, freeBytes: number): number {
    const before = this.#allowed ?? bytes;
    const grown = this.#allowed === null ? 0 : bytes - this.bytes;
    this.isOver = limit > 0 && bytes > Math.max(limit, before) + SLACK_BYTES;
    this.#allowed = Math.max(limit, Math.min(before, bytes));
    this.bytes = bytes;
    this.#freeBytes = freeBytes;
    return grown;
  }
}
