import { RoseError } from '@rose/contract/errors';
import { encodePosition, TERMINAL_REQUEST, type TerminalExit, type TerminalSize } from '@rose/contract/terminals';
import { TerminalOutput } from './terminal-output.ts';

export interface TerminalOptions {
  /** Number of the first byte of output that was not seen yet; missing: all of the scrollback. */
  after?: number;
  /** The terminal is given this size first. */
  size?: TerminalSize;
  /**
   * The next piece is shown when this has returned: the shell waits for a slow reader.
   * @param isGap what came before it is lost, the scrollback does not reach back
   */
  onOutput: (bytes: Uint8Array, isGap: boolean) => void | Promise<void>;
  /** The connection broke off and is made again: true; it is there again: false. */
  onReconnecting?: (isReconnecting: boolean) => void;
  /** Leaves the terminal, which goes on. */
  signal?: AbortSignal;
}

/** How a terminal's connection is made. */
export interface TerminalDoor {
  /** A WebSocket to the terminal whose output is wanted from a number on. */
  open(after: number): WebSocket;
  /** Asks why no WebSocket opens, which they do not tell. @throws RoseError the reason */
  ask(signal: AbortSignal): Promise<unknown>;
}

const PIECE_BYTES = 64 * 1024;
const MAX_UNSENT_BYTES = 256 * 1024;
const LOOK_MS = 10;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5000;
/** A connection that could not be made again by then is given up. */
const GIVE_UP_MS = 60_000;
/** Reasons that pass by themselves. */
const PASSING = new Set(['UNREACHABLE', 'STOPPING', 'DATABASE_UNAVAILABLE', 'TIMEOUT', 'TOO_MANY_REQUESTS']);

/** A terminal that somebody looks at. A connection that breaks off is made again, with what was missed. */
export class Terminal {
  /** Rejects with a RoseError when it cannot be shown any more; CANCELLED by the signal. */
  readonly ended: Promise<TerminalExit>;
  readonly #door: TerminalDoor;
  readonly #options: TerminalOptions;
  readonly #output: TerminalOutput;
  readonly #over = new AbortController();
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  #size: TerminalSize | undefined;
  #socket: WebSocket;
  #retryMs = FIRST_RETRY_MS;
  #brokenSince: number | null = null;

  constructor(door: TerminalDoor, options: TerminalOptions) {
    this.#door = door;
    this.#options = options;
    this.#size = options.size;
    this.#output = new TerminalOutput(options.after ?? 0, options.onOutput, (position) => {
      if (this.#isOpen) this.#socket.send(message(TERMINAL_REQUEST.ACK, encodePosition(position)));
    });
    const leave = (): void => this.#output.fail(new RoseError('CANCELLED', 'Cancelled.'));
    options.signal?.addEventListener('abort', leave, { once: true });
    this.ended = this.#output.ended.finally(() => {
      options.signal?.removeEventListener('abort', leave);
      this.#over.abort();
      this.#socket.close();
    });
    // Who does not care for the end need not catch it.
    this.ended.catch(() => {});
    this.#socket = this.#connect();
    if (options.signal?.aborted) leave();
  }

  /** Number of the next byte of output: the `after` of who comes back. */
  get position(): number {
    return this.#output.position;
  }

  /** Types. Resolves when there is room for more. */
  async write(input: string | Uint8Array): Promise<void> {
    const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      this.#send(message(TERMINAL_REQUEST.INPUT, bytes.subarray(at, at + PIECE_BYTES)));
      while (this.#unsent > MAX_UNSENT_BYTES && !this.#over.signal.aborted) await pause(LOOK_MS);
    }
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    if (this.#isOpen) this.#socket.send(sizeMessage(size));
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  get #unsent(): number {
    return this.#socket.bufferedAmount + this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isOpen) this.#socket.send(bytes);
    else this.#waiting.push(bytes);
  }

  #connect(): WebSocket {
    const socket = this.#door.open(this.#output.position);
    socket.binaryType = 'arraybuffer';
    let wasOpen = false;
    socket.addEventListener('open', () => {
      wasOpen = true;
      if (this.#size !== undefined) socket.send(sizeMessage(this.#size));
      for (const bytes of this.#waiting.splice(0)) socket.send(bytes);
      if (this.#brokenSince !== null) this.#options.onReconnecting?.(false);
      this.#brokenSince = null;
      this.#retryMs = FIRST_RETRY_MS;
    });
    socket.addEventListener('message', ({ data }) => this.#output.take(data));
    socket.addEventListener('close', () => void this.#reconnect(wasOpen));
    return socket;
  }

  async #reconnect(wasOpen: boolean): Promise<void> {
    // Its last message may be still to be shown, and say that this was the end.
    await this.#output.idle;
    if (this.#over.signal.aborted) return;
    if (this.#brokenSince === null) {
      this.#brokenSince = Date.now();
      if (wasOpen) this.#options.onReconnecting?.(true);
    }
    if (!wasOpen && !(await this.#mayRetry())) return;
    await pause(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    if (!this.#over.signal.aborted) this.#socket = this.#connect();
  }

  async #mayRetry(): Promise<boolean> {
    const isLate = Date.now() - this.#brokenSince! > GIVE_UP_MS;
    try {
      await this.#door.ask(this.#over.signal);
      if (isLate) throw new RoseError('UNREACHABLE', 'No WebSocket can be opened to RoSE. Does a proxy refuse them?');
      return true;
    } catch (error) {
      if (!isLate && error instanceof RoseError && PASSING.has(error.code)) return true;
      this.#output.fail(error);
      return false;
    }
  }
}

function message(type: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1 + payload.length);
  bytes[0] = type;
  bytes.set(payload, 1);
  return bytes;
}

function sizeMessage(size: TerminalSize): Uint8Array<ArrayBuffer> {
  return message(TERMINAL_REQUEST.RESIZE, new TextEncoder().encode(JSON.stringify(size)));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
