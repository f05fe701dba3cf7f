import { FRAME_HEADER_BYTES } from './frames.ts';
import { OBJECT_ID_BYTES, type ObjectId } from './objects.ts';

const BATCH_BYTES = 256 * 1024;

/**
 * Frames one behind the other in pieces of about 256 KiB, each in memory of its own: small frames are worth no buffer, no
 * message and no system call each.
 */
export class FrameBatch {
  readonly #take: (piece: Buffer<ArrayBuffer>) => void;
  #piece: Buffer<ArrayBuffer> | null = null;
  #at = 0;

  /** @param take gets each piece that is full, and what is left when `flush` is called */
  constructor(take: (piece: Buffer<ArrayBuffer>) => void) {
    this.#take = take;
  }

  push(type: number, ...payload: Uint8Array[]): void {
    const piece = this.#begin(
      type,
      payload.reduce((sum, part) => sum + part.length, 0),
    );
    for (const part of payload) {
      piece.set(part, this.#at);
      this.#at += part.length;
    }
  }

  pushJson(type: number, value: unknown): void {
    const text = JSON.stringify(value);
    const piece = this.#begin(type, Buffer.byteLength(text));
    this.#at += piece.write(text, this.#at);
  }

  /** Payload: id (32) | plain size u32 | zstd. */
  pushObject(type: number, id: ObjectId, size: number, stored: Uint8Array): void {
    const piece = this.#begin(type, OBJECT_ID_BYTES + 4 + stored.length);
    piece.write(id, this.#at, 'hex');
    piece.writeUInt32LE(size, this.#at + OBJECT_ID_BYTES);
    piece.set(stored, this.#at + OBJECT_ID_BYTES + 4);
    this.#at += OBJECT_ID_BYTES + 4 + stored.length;
  }

  flush(): void {
    const piece = this.#piece;
    if (piece === null) return;
    this.#piece = null;
    this.#take(piece.subarray(0, this.#at));
  }

  /** Writes a header; there is room for what follows. */
  #begin(type: number, length: number): Buffer {
    const bytes = FRAME_HEADER_BYTES + length;
    if (this.#piece !== null && this.#at + bytes > this.#piece.length) this.flush();
    if (this.#piece === null) {
      this.#piece = Buffer.allocUnsafeSlow(Math.max(BATCH_BYTES, bytes));
      this.#at = 0;
    }
    this.#piece[this.#at] = type;
    this.#piece.writeUInt32LE(length, this.#at + 1);
    this.#at += FRAME_HEADER_BYTES;
    return this.#piece;
  }
}
