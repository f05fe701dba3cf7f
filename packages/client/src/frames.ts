/**
 * The framing of byte streams (docs/store.md §5) on plain Uint8Arrays: packages/snapshot has it
 * for Node's Buffers, this one runs in browsers too.
 *
 *   frame := type u8 | length u32 little-endian | payload
 */

const HEADER_BYTES = 5;
/** No stream that this client reads has larger ones. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

export interface Frame {
  type: number;
  payload: Uint8Array;
}

export function encodeFrame(type: number, payload: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER_BYTES + payload.length);
  frame[0] = type;
  new DataView(frame.buffer).setUint32(1, payload.length, true);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

export function encodeJsonFrame(type: number, value: unknown): Uint8Array<ArrayBuffer> {
  return encodeFrame(type, new TextEncoder().encode(JSON.stringify(value)));
}

export function decodeJson(payload: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(payload));
}

/** Cuts a stream into frames. @throws RangeError on an oversized frame or a cut stream */
export async function* readFrames(source: ReadableStream<Uint8Array>): AsyncGenerator<Frame> {
  const bytes = new ByteQueue();
  const reader = source.getReader();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      bytes.push(piece.value);
      for (let frame = takeFrame(bytes); frame !== null; frame = takeFrame(bytes)) yield frame;
    }
    if (bytes.length > 0) throw new RangeError('The stream ended in the middle of a frame.');
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function takeFrame(bytes: ByteQueue): Frame | null {
  if (bytes.length < HEADER_BYTES) return null;
  const header = bytes.peek(HEADER_BYTES);
  const length = new DataView(header.buffer, header.byteOffset).getUint32(1, true);
  if (length > MAX_FRAME_BYTES) throw new RangeError(`A frame of ${length} bytes is over the limit.`);
  if (bytes.length < HEADER_BYTES + length) return null;
  return { type: header[0]!, payload: bytes.take(HEADER_BYTES + length).subarray(HEADER_BYTES) };
}

/** Bytes that came and were not yet taken; joined only when a piece spans chunks. */
class ByteQueue {
  length = 0;
  #chunks: Uint8Array[] = [];

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  peek(count: number): Uint8Array {
    if (this.#chunks[0]!.length < count) this.#join();
    return this.#chunks[0]!.subarray(0, count);
  }

  take(count: number): Uint8Array {
    const taken = this.peek(count);
    this.#chunks[0] = this.#chunks[0]!.subarray(count);
    if (this.#chunks[0].length === 0) this.#chunks.shift();
    this.length -= count;
    return taken;
  }

  #join(): void {
    const joined = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [joined];
  }
}
