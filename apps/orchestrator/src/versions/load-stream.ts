import { FrameBatch, inBatchesAsync, LOAD_FRAME, type LoadBegin, type LoadOperation } from '@rose/snapshot';
import type { ObjectStore, StoredBytes } from '../drivers/objects/objects.ts';
import { reuseOf, type PlannedStep } from './load-plan.ts';

/** Read ahead are so many bytes of chunks, so that they come from the store in large batches, wherever a file ends. */
const AHEAD = { items: 4000, bytes: 8 * 1024 * 1024 };

/** What is sent, in order: an operation, then the pieces of its file. */
type Item = { operation: LoadOperation } | { piece: PlannedStep['pieces'][number] };

/** Items with the stored chunks of those that are pieces, in order. */
interface Portion {
  items: Item[];
  chunks: StoredBytes[];
}

/**
 * A load as the bytes that the agent takes: what differs, with the stored chunks as they are
 * (the agent verifies them). Memory is bounded by two portions.
 * @throws RoseError DAMAGED when a chunk is missing
 */
export async function* loadStream(
  begin: LoadBegin,
  steps: AsyncIterable<PlannedStep>,
  last: LoadOperation | null,
  objects: ObjectStore,
  ownerId: number,
): AsyncGenerator<Buffer> {
  const full: Buffer[] = [];
  const batch = new FrameBatch((piece) => full.push(piece));
  batch.pushJson(LOAD_FRAME.begin, begin);
  for await (const portion of readAhead(fetched(steps, objects, ownerId))) {
    for (const _ of framed(portion, batch)) yield* full.splice(0);
  }
  if (last !== null) batch.pushJson(LOAD_FRAME.operation, last);
  batch.push(LOAD_FRAME.end);
  batch.flush();
  yield* full.splice(0);
}

/** Pauses whenever a frame is done, so that what is full can be sent. */
function* framed({ items, chunks }: Portion, batch: FrameBatch): Generator<void> {
  const stored = chunks.values();
  for (const item of items) {
    if ('operation' in item) batch.pushJson(LOAD_FRAME.operation, item.operation);
    else {
      const reuse = reuseOf(item.piece);
      if (reuse !== null) batch.pushJson(LOAD_FRAME.reuse, reuse);
      else batch.pushObject(LOAD_FRAME.chunk, item.piece.id, item.piece.size, stored.next().value!.data);
    }
    yield;
  }
}

async function* fetched(
  steps: AsyncIterable<PlannedStep>,
  objects: ObjectStore,
  ownerId: number,
): AsyncGenerator<Portion, void> {
  for await (const items of portions(steps)) {
    const wanted = items.filter(isWanted).map(({ piece }) => piece);
    yield { items, chunks: await objects.readAll(ownerId, wanted) };
  }
}

/** Asks for the next value while the reader is busy with the one before: the database works meanwhile. */
async function* readAhead<T>(source: AsyncGenerator<T, void>): AsyncGenerator<T> {
  let ahead = source.next();
  try {
    for (;;) {
      const { done, value } = await ahead;
      if (done === true) return;
      ahead = source.next();
      // Told when it is waited for.
      ahead.catch(() => {});
      yield value;
    }
  } finally {
    await source.return();
  }
}

/** A large file makes many portions, small ones share one. */
function portions(steps: AsyncIterable<PlannedStep>): AsyncGenerator<Item[]> {
  return inBatchesAsync(itemsOf(steps), AHEAD, (item) => (isWanted(item) ? item.piece.size : 0));
}

async function* itemsOf(steps: AsyncIterable<PlannedStep>): AsyncGenerator<Item> {
  for await (const { operation, pieces } of steps) {
    yield { operation };
    for (const piece of pieces) yield { piece };
  }
}

/** Whether it needs a chunk of the store. */
function isWanted(item: Item): item is { piece: PlannedStep['pieces'][number] } {
  return 'piece' in item && item.piece.offset === null;
}
