/** What a project takes of one thing that its disk can run out of, and may take at most. */
export class DiskShare {
  /** When it was counted last. */
  amount = 0;
  /** Whether that was too much. */
  isOver = false;
  #allowed: number | null = null;
  #free: number;
  readonly #step: number;
  readonly #slack: number;

  /**
   * @param free of the disk when the container came up
   * @param step a smaller loss of the disk means nothing
   * @param slack by how much more than the limit counts as over it
   */
  constructor(free: number, step: number, slack: number) {
    this.#free = free;
    this.#step = step;
    this.#slack = slack;
  }

  /** Whether the disk has lost any of it since the last count, to whomever. */
  hasLost(free: number): boolean {
    return this.#free - free >= this.#step;
  }

  /** Whether the disk has lost half of what the project had left. @param limit 0 for none */
  canBeOver(limit: number, free: number): boolean {
    if (limit === 0 || this.#allowed === null) return false;
    const left = Math.max(limit, this.#allowed) - this.amount;
    return this.#free - free >= Math.max(this.#step, left / 2);
  }

  /**
   * Takes what was counted. What came up over its limit, or got a lower one, may shrink and not grow.
   * @returns by how much it grew since the last count; 0 for the first
   */
  count(amount: number, limit: number, free: number): number {
    const before = this.#allowed ?? amount;
    const grown = this.#allowed === null ? 0 : amount - this.amount;
    this.isOver = limit > 0 && amount > Math.max(limit, before) + this.#slack;
    this.#allowed = Math.max(limit, Math.min(before, amount));
    this.amount = amount;
    this.#free = free;
    return grown;
  }
}
