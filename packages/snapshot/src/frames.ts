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

/**
 * The synchronous half of `readFrames`. Payloads are views of what was pushed, if they came in one piece: who pushes
 * may use its memory again as soon as the frames were taken.
 */
export class FrameParser {
  readonly #maxBytes: number;
  /** Copies of the parts of a frame that has begun, and how many bytes it takes to go on. */
  #parts: Buffer[] = [];
  #held = 0;
  #needed = FRAME_HEADER_BYTES;

  constructor(maxBytes = MAX_FRAME_BYTES) {
    this.#maxBytes = maxBytes;
  }

  *push(chunk: Uint8Array): Generator<Frame> {
    let data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    while (this.#held > 0 && data.length > 0) {
      const part = data.subarray(0, this.#needed - this.#held);
      data = data.subarray(part.length);
      this.#hold(part);
      if (this.#held < this.#needed) return;
      const begun = Buffer.concat(this.#parts, this.#held);
      if (begun.length === FRAME_HEADER_BYTES) this.#needed = this.#lengthOf(begun);
      if (begun.length < this.#needed) this.#parts = [begun];
      else {
        this.#reset();
        yield frameOf(begun);
      }
    }
    while (data.length >= FRAME_HEADER_BYTES) {
      this.#needed = this.#lengthOf(data);
      if (data.length < this.#needed) break;
      yield frameOf(data.subarray(0, this.#needed));
      data = data.subarray(this.#needed);
      this.#reset();
    }
    if (data.length > 0) this.#hold(data);
  }

  end(): void {
    if (this.#held > 0) throw new FrameError('The stream ended in the middle of a frame.');
  }

  /** Of the whole frame. */
  #lengthOf(header: Buffer): number {
    const length = header.readUInt32LE(1);
    if (length > this.#maxBytes)
      throw new FrameError(`A frame of ${length} bytes is over the limit of ${this.#maxBytes}.`);
    return FRAME_HEADER_BYTES + length;
  }

  #hold(part: Buffer): void {
    this.#parts.push(Buffer.from(part));
    this.#held += part.length;
  }

  #reset(): void {
    this.#parts = [];
    this.#held = 0;
    this.#needed = FRAME_HEADER_BYTES;
  }
}

function frameOf(bytes: Buffer): Frame {
  return { type: bytes[0]!, payload: bytes.subarray(FRAME_HEADER_BYTES) };
}
