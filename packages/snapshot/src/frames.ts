/**
 * The framing of every byte stream between client, orchestrator and agent:
 *
 *   frame := type u8 | length u32 little-endian | payload (length bytes)
 *
 * What the types mean belongs to each stream. A stream that ends in the middle of a frame,
 * or with a longer frame than the reader allows, is an error.
 */

export interface Frame {
  type: number;
  payload: Buffer;
}

export const FRAME_HEADER_BYTES = 5;
/** Largest payload any stream uses: a 4 MiB object, stored badly, and its header. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024 + 64 * 1024;

export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Header and payload as one buffer. */
export function encodeFrame(type: number, ...payload: Uint8Array[]): Buffer {
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
  frame.writeUInt8(type, 0);
  frame.writeUInt32LE(length, 1);
  let at = FRAME_HEADER_BYTES;
  for (const part of payload) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

export function encodeJsonFrame(type: number, value: unknown): Buffer {
  return encodeFrame(type, Buffer.from(JSON.stringify(value), 'utf8'));
}

/** @throws FrameError if the payload is not JSON. */
export function decodeJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8'));
  } catch (cause) {
    throw new FrameError('A frame that must hold JSON does not.', { cause });
  }
}

/**
 * Cuts a byte stream into frames. Holds at most one frame and one input chunk.
 * @throws FrameError on an oversized frame or a cut stream.
 */
export async function* readFrames(
  source: AsyncIterable<Uint8Array>,
  maxBytes = MAX_FRAME_BYTES,
): AsyncGenerator<Frame> {
  const parser = new FrameParser(maxBytes);
  for await (const chunk of source) yield* parser.push(chunk);
  parser.end();
}

/** The synchronous half of `readFrames`. */
export class FrameParser {
  readonly #maxBytes: number;
  #pending: Buffer[] = [];
  #buffered = 0;
  #needed = FRAME_HEADER_BYTES;

  constructor(maxBytes = MAX_FRAME_BYTES) {
    this.#maxBytes = maxBytes;
  }

  *push(chunk: Uint8Array): Generator<Frame> {
    this.#pending.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#buffered += chunk.length;
    if (this.#buffered < this.#needed) return;
    let data = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
    for (;;) {
      this.#needed = FRAME_HEADER_BYTES;
      if (data.length < FRAME_HEADER_BYTES) break;
      const length = data.readUInt32LE(1);
      if (length > this.#maxBytes)
        throw new FrameError(`A frame of ${length} bytes is over the limit of ${this.#maxBytes}.`);
      this.#needed = FRAME_HEADER_BYTES + length;
      if (data.length < this.#needed) break;
      yield { type: data[0]!, payload: data.subarray(FRAME_HEADER_BYTES, this.#needed) };
      data = data.subarray(this.#needed);
    }
    this.#pending = data.length > 0 ? [data] : [];
    this.#buffered = data.length;
  }

  end(): void {
    if (this.#buffered > 0) throw new FrameError('The stream ended in the middle of a frame.');
  }
}
