/** The last bytes of an output, each under its number: how many came before it. */
export class Scrollback {
  readonly #bytes: Buffer;
  #end = 0;

  /** @param size how many bytes are kept */
  constructor(size: number) {
    this.#bytes = Buffer.alloc(size);
  }

  /** Number of the first byte that is still here. */
  get start(): number {
    return Math.max(0, this.#end - this.#bytes.length);
  }

  /** Number of the byte that comes next. */
  get end(): number {
    return this.#end;
  }

  push(chunk: Buffer): void {
    const kept = chunk.subarray(Math.max(0, chunk.length - this.#bytes.length));
    const at = (this.#end + chunk.length - kept.length) % this.#bytes.length;
    const upToEdge = kept.subarray(0, this.#bytes.length - at);
    upToEdge.copy(this.#bytes, at);
    kept.copy(this.#bytes, 0, upToEdge.length);
    this.#end += chunk.length;
  }

  /** At most `count` bytes from a number between `start` and `end`; valid until the next push. */
  read(from: number, count: number): Buffer {
    const at = from % this.#bytes.length;
    const length = Math.min(count, this.#end - from, this.#bytes.length - at);
    return this.#bytes.subarray(at, at + length);
  }
}
