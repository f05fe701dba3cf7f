/** A batch is full as soon as it has one of these. */
export interface BatchBound {
  items: number;
  bytes: number;
}

/** Items in order in batches that end when they are full, so that the last item may be larger than the bound. */
export function* inBatches<T>(
  items: Iterable<T>,
  bound: BatchBound,
  bytesOf: (item: T) => number,
): Generator<T[], undefined> {
  const batch = new Batch<T>(bound);
  for (const item of items) {
    if (batch.add(item, bytesOf(item))) yield batch.take();
  }
  if (!batch.isEmpty) yield batch.take();
}

/** The same of items that have to be waited for. */
export async function* inBatchesAsync<T>(
  items: AsyncIterable<T> | Iterable<T>,
  bound: BatchBound,
  bytesOf: (item: T) => number,
): AsyncGenerator<T[], undefined> {
  const batch = new Batch<T>(bound);
  for await (const item of items) {
    if (batch.add(item, bytesOf(item))) yield batch.take();
  }
  if (!batch.isEmpty) yield batch.take();
}

class Batch<T> {
  readonly #bound: BatchBound;
  #items: T[] = [];
  #bytes = 0;

  constructor(bound: BatchBound) {
    this.#bound = bound;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** @returns whether it is full */
  add(item: T, bytes: number): boolean {
    this.#items.push(item);
    this.#bytes += bytes;
    return this.#items.length >= this.#bound.items || this.#bytes >= this.#bound.bytes;
  }

  take(): T[] {
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    return items;
  }
}
