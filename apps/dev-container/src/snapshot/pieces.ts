const PIECE_BYTES = 256 * 1024;

/** Cuts a stream into pieces that are worth a message each, in memory that is filled again once it came back. */
export class Pieces {
  readonly #spare: ArrayBuffer[] = [];

  /** Yields as soon as a piece is full, and what is left at the end. */
  async *of(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    let piece = this.#fresh();
    let at = 0;
    for await (let rest of source) {
      while (rest.length > 0) {
        const part = rest.subarray(0, PIECE_BYTES - at);
        piece.set(part, at);
        at += part.length;
        rest = rest.subarray(part.length);
        if (at < PIECE_BYTES) continue;
        yield piece;
        piece = this.#fresh();
        at = 0;
      }
    }
    if (at > 0) yield piece.subarray(0, at);
  }

  #fresh(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#spare.pop() ?? new ArrayBuffer(PIECE_BYTES));
  }

  /** Nobody looks at the memory of this piece any more. */
  giveBack(memory: ArrayBuffer): void {
    this.#spare.push(memory);
  }
}
