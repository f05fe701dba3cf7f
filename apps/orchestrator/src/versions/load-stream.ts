import {
  encodeFrame,
  encodeJsonFrame,
  LOAD_FRAME,
  OBJECT_ID_BYTES,
  release,
  type Chunk,
  type LoadBegin,
  type LoadOperation,
} from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { reuseOf, type PlannedStep } from './load-plan.ts';

const BATCH_BYTES = 256 * 1024;

/** Read ahead are so many bytes of chunks, so that they come from the store in large batches, wherever a file ends. */
const AHEAD_BYTES = 8 * 1024 * 1024;
const AHEAD_ITEMS = 4000;

/** What is sent, in order: an operation, then the pieces of its file. */
type Item = { operation: LoadOperation } | { piece: PlannedStep['pieces'][number] };

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
  yield encodeJsonFrame(LOAD_FRAME.begin, begin);
  yield* batched(frames(steps, objects, ownerId));
  if (last !== null) yield encodeJsonFrame(LOAD_FRAME.operation, last);
  yield encodeFrame(LOAD_FRAME.end);
}

async function* frames(
  steps: AsyncIterable<PlannedStep>,
  objects: ObjectStore,
  ownerId: number,
): AsyncGenerator<Buffer> {
  for await (const { items, chunks } of readAhead(fetched(steps, objects, ownerId))) {
    const stored = chunks.values();
    for (const item of items) {
      if ('operation' in item) yield encodeJsonFrame(LOAD_FRAME.operation, item.operation);
      else {
        const reuse = reuseOf(item.piece);
        if (reuse !== null) yield encodeJsonFrame(LOAD_FRAME.reuse, reuse);
        else yield chunkFrame(item.piece, stored.next().value!.data);
      }
    }
  }
}

/** Portions with their stored chunks. */
async function* fetched(steps: AsyncIterable<PlannedStep>, objects: ObjectStore, ownerId: number) {
  for await (const items of portions(steps)) {
    const wanted = items.flatMap((item) => ('piece' in item && item.piece.offset === null ? [item.piece] : []));
    yield { items, chunks: await Array.fromAsync(objects.read(ownerId, wanted)) };
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

/** Gives the memory of the data back. */
function chunkFrame({ id, size }: Chunk, data: Buffer): Buffer {
  const head = Buffer.alloc(OBJECT_ID_BYTES + 4);
  head.write(id, 0, 'hex');
  head.writeUInt32LE(size, OBJECT_ID_BYTES);
  const frame = encodeFrame(LOAD_FRAME.chunk, head, data);
  release(data);
  return frame;
}

/** A large file makes many portions, small ones share one. */
async function* portions(steps: AsyncIterable<PlannedStep>): AsyncGenerator<Item[]> {
  let items: Item[] = [];
  let bytes = 0;
  for await (const { operation, pieces } of steps) {
    for (const item of [{ operation }, ...pieces.map((piece) => ({ piece }))]) {
      items.push(item);
      if ('piece' in item && item.piece.offset === null) bytes += item.piece.size;
      if (bytes < AHEAD_BYTES && items.length < AHEAD_ITEMS) continue;
      yield items;
      items = [];
      bytes = 0;
    }
  }
  if (items.length > 0) yield items;
}

async function* batched(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let batch: Buffer[] = [];
  let bytes = 0;
  for await (const part of source) {
    batch.push(part);
    bytes += part.length;
    if (bytes < BATCH_BYTES) continue;
    yield joined(batch, bytes);
    batch = [];
    bytes = 0;
  }
  if (bytes > 0) yield joined(batch, bytes);
}

/** Gives the memory of the parts back. */
function joined(parts: readonly Buffer[], bytes: number): Buffer {
  const whole = Buffer.concat(parts, bytes);
  for (const part of parts) release(part);
  return whole;
}
