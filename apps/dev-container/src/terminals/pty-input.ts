import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';

const FIRST_RETRY_MS = 2;
const LONGEST_RETRY_MS = 100;

/**
 * Types into a pseudo-terminal. Node's own stream would not do: while the program reads nothing it
 * tries again and again without letting anything else run.
 */
export class PtyInput {
  readonly #socket: Socket;
  readonly #fd: number;
  readonly #waiting: { bytes: Uint8Array; onTaken: () => void }[] = [];
  #size = 0;
  #retry: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;

  /** @param socket owns the descriptor: it is not touched once that is destroyed */
  constructor(socket: Socket, fd: number) {
    this.#socket = socket;
    this.#fd = fd;
  }

  /** Bytes that the program has not taken yet. */
  get size(): number {
    return this.#size;
  }

  push(bytes: Uint8Array, onTaken: () => void): void {
    this.#waiting.push({ bytes, onTaken });
    this.#size += bytes.length;
    if (this.#retry === null) this.#flush();
  }

  #flush(): void {
    this.#retry = null;
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      const count = this.#write(first.bytes);
      if (count === null) return this.#later();
      this.#retryMs = FIRST_RETRY_MS;
      this.#size -= count;
      first.bytes = first.bytes.subarray(count);
      if (first.bytes.length > 0) continue;
      this.#waiting.shift();
      first.onTaken();
    }
  }

  /** @returns how many bytes it took: all when nobody will read them any more; null: none now */
  #write(bytes: Uint8Array): number | null {
    if (this.#socket.destroyed || bytes.length === 0) return bytes.length;
    try {
      return writeSync(this.#fd, bytes);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? null : bytes.length;
    }
  }

  #later(): void {
    this.#retry = setTimeout(() => this.#flush(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }
}
