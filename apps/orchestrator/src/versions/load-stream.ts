import {
  encodeFrame,
  encodeJsonFrame,
  LOAD_FRAME,
  OBJECT_ID_BYTES,
  type Chunk,
  type LoadBegin,
  type LoadOperation,
} from '@rose/snapshot';
import type { ObjectStore } from '../drivers/objects/objects.ts';
import { reuseOf, type PlannedStep } from './load-plan.ts';

const BATCH_BYTES = 256 * 1024;

/** Steps are read ahead up to this many chunk bytes, so that their chunks come from the store in large batches. */
const AHEAD_BYTES = 8 * 1024 * 1024;
const AHEAD_STEPS = 2000;

/**
 * A load as the bytes that the agent takes: what differs, with the stored chunks as they are
 * (the agent verifies them). Memory is bounded by one window of steps.
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
  for await (const { window, chunks } of readAhead(fetched(steps, objects, ownerId))) {
    const stored = chunks.values();
    for (const { operation, pieces } of window) {
      yield encodeJsonFrame(LOAD_FRAME.operation, operation);
      for (const piece of pieces) {
        const reuse = reuseOf(piece);
        if (reuse !== null) yield encodeJsonFrame(LOAD_FRAME.reuse, reuse);
        else yield chunkFrame(piece, stored.next().value!.data);
      }
    }
  }
}

/** Steps with their stored chunks, a window at a time. */
async function* fetched(steps: AsyncIterable<PlannedStep>, objects: ObjectStore, ownerId: number) {
  for await (const window of windows(steps)) {
    const ids = window.flatMap((step) => step.pieces.filter(isStored));
    yield { window, chunks: await Array.fromAsync(objects.read(ownerId, ids)) };
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

function isStored(piece: PlannedStep['pieces'][number]): boolean {
  return piece.offset === null;
}

function chunkFrame({ id, size }: Chunk, data: Buffer): Buffer {
  const head = Buffer.alloc(OBJECT_ID_BYTES + 4);
  head.write(id, 0, 'hex');
  head.writeUInt32LE(size, OBJECT_ID_BYTES);
  return encodeFrame(LOAD_FRAME.chunk, head, data);
}

async function* windows(steps: AsyncIterable<PlannedStep>): AsyncGenerator<PlannedStep[]> {
  let window: PlannedStep[] = [];
  let bytes = 0;
  for await (const step of steps) {
    window.push(step);
    for (const { size } of step.pieces) bytes += size;
    if (bytes < AHEAD_BYTES && window.length < AHEAD_STEPS) continue;
    yield window;
    window = [];
    bytes = 0;
  }
  if (window.length > 0) yield window;
}

async function* batched(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let batch: Buffer[] = [];
  let bytes = 0;
  for await (const part of source) {
    batch.push(part);
    bytes += part.length;
    if (bytes < BATCH_BYTES) continue;
    yield Buffer.concat(batch, bytes);
    batch = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(batch, bytes);
}
