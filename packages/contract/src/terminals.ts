/**
 * Terminals: shells on pseudo-terminals in a dev container. They are made, listed, resized and
 * closed by the agent's procedures `terminals.*`; `terminals.attach` carries what is typed and shown.
 *
 * Through the orchestrator that is a WebSocket of binary messages, each a type byte and a payload;
 * between orchestrator and agent the same as frames. Output is counted in bytes since the terminal
 * began: whoever comes back names the last number he saw (`after`) and gets the rest, as far as the
 * scrollback reaches. Numbers are u64, little-endian.
 */

/** From whoever looks at a terminal. */
export const TERMINAL_REQUEST = {
  /** Bytes as typed. */
  INPUT: 1,
  /** JSON `TerminalSize`. */
  RESIZE: 2,
  /** The number up to which output was taken: no more than TERMINAL_WINDOW is sent beyond it. */
  ACK: 3,
} as const;

/** To whoever looks at a terminal. */
export const TERMINAL_RESPONSE = {
  /** The number of its first byte, then bytes. A jump in the numbers: the scrollback did not reach back. */
  OUTPUT: 1,
  /** JSON `TerminalExit`; the last message. */
  EXIT: 2,
  /** JSON `ErrorBody`; the last message. */
  ERROR: 3,
} as const;

/** Terminals of one project. */
export const MAX_TERMINALS = 16;
/** Bytes of output that a terminal keeps for who comes back. */
export const TERMINAL_SCROLLBACK = 256 * 1024;
/** Bytes of output that are under way to one reader at most. */
export const TERMINAL_WINDOW = 128 * 1024;
/** Largest message either way, bytes. */
export const MAX_TERMINAL_MESSAGE = 1024 * 1024;
/** Columns and rows at most. */
export const MAX_TERMINAL_SIDE = 1000;

/** Characters. */
export interface TerminalSize {
  cols: number;
  rows: number;
}

export interface TerminalExit {
  /** null when a signal ended the shell. */
  code: number | null;
  /** Number of that signal. */
  signal: number | null;
}

export interface TerminalInfo extends TerminalSize {
  id: string;
  /** ISO 8601. */
  startedAt: string;
  /** Number of the next byte of output. */
  position: number;
  /** null while the shell runs. */
  exit: TerminalExit | null;
}

const NUMBER_BYTES = 8;

/** A position, and what follows it. */
export function encodePosition(position: number, bytes: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(NUMBER_BYTES + bytes.length);
  new DataView(payload.buffer).setBigUint64(0, BigInt(position), true);
  payload.set(bytes, NUMBER_BYTES);
  return payload;
}

/** @throws RangeError for a payload that is too short, or a number that nobody counts to */
export function decodePosition(payload: Uint8Array): { position: number; bytes: Uint8Array } {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const position = Number(view.getBigUint64(0, true));
  if (!Number.isSafeInteger(position)) throw new RangeError(`${position} is no position.`);
  return { position, bytes: payload.subarray(NUMBER_BYTES) };
}
