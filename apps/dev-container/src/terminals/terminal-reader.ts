import type { ServerResponse } from 'node:http';
import { encodePosition, TERMINAL_RESPONSE, TERMINAL_WINDOW } from '@rose/contract';
import { encodeFrame, encodeJsonFrame } from '@rose/snapshot';
import type { Reader, Terminal } from './terminal.ts';

const PIECE_BYTES = 32 * 1024;

/** Sends a terminal's output to one caller, no faster than he says that he takes it. */
export class TerminalReader implements Reader {
  readonly #terminal: Terminal;
  readonly #response: ServerResponse;
  #position: number;
  #acknowledged: number;
  #isFull = false;
  #isDone = false;
  #soon: NodeJS.Immediate | null = null;
  /**
   * While his input is held back his acknowledgements are stuck behind it, and the shell may be
   * waiting for its output to be read before it reads: then the connection alone sets the pace.
   */
  isHeldBack = false;

  /** @param after number of the first byte that the caller has not seen */
  constructor(terminal: Terminal, response: ServerResponse, after: number) {
    this.#terminal = terminal;
    this.#response = response;
    const { start, end } = terminal.scrollback;
    // A number that this terminal never counted to comes from another one.
    this.#position = after > end ? start : after;
    this.#acknowledged = this.#position;
    response.on('drain', () => {
      this.#isFull = false;
      this.wake();
    });
  }

  get position(): number {
    return this.#position;
  }

  acknowledge(position: number): void {
    this.#acknowledged = Math.min(Math.max(position, this.#acknowledged), this.#position);
    this.wake();
  }

  /** Soon: a terminal is read in pieces of 4 KiB, and many come at once. */
  wake(): void {
    if (this.#soon !== null) return;
    this.#soon = setImmediate(() => {
      this.#soon = null;
      this.#send();
    });
  }

  #send(): void {
    const { scrollback, exit } = this.#terminal;
    const before = this.#position;
    while (this.#maySend) {
      // What fell out of the scrollback is lost to who was slower than others.
      this.#position = Math.max(this.#position, scrollback.start);
      const bytes = scrollback.read(this.#position, PIECE_BYTES);
      const frame = encodeFrame(TERMINAL_RESPONSE.OUTPUT, encodePosition(this.#position, bytes));
      this.#position += bytes.length;
      this.#isFull = !this.#response.write(frame);
    }
    if (this.#position !== before) this.#terminal.keepPace();
    if (exit !== null && this.#position === scrollback.end && !this.#isDone) {
      this.#isDone = true;
      this.#response.end(encodeJsonFrame(TERMINAL_RESPONSE.EXIT, exit));
    }
  }

  get #maySend(): boolean {
    if (this.#isFull || this.#response.destroyed || this.#position >= this.#terminal.scrollback.end) return false;
    return this.isHeldBack || this.#position - this.#acknowledged < TERMINAL_WINDOW;
  }
}
