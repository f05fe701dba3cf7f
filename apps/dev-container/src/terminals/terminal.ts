import {
  RoseError,
  TERMINAL_SCROLLBACK,
  type TerminalExit,
  type TerminalInfo,
  type TerminalSize,
} from '@rose/contract';
import { preferForOutOfMemory } from '../commands/command.ts';
import { Pty, type PtyStart } from './pty.ts';
import { Scrollback } from './scrollback.ts';
import { endSession } from './session.ts';

/** Every reader this far behind: the process waits. With TERMINAL_WINDOW and a read of 64 KiB within the scrollback. */
const BEHIND_BYTES = 32 * 1024;
const MAX_READERS = 8;

/** Somebody who looks at a terminal, at a pace of his own. */
export interface Reader {
  /** Number of the next byte that he is sent. */
  readonly position: number;
  /** There is something to send. */
  wake(): void;
}

/**
 * A shell on a pseudo-terminal. Its output goes into the scrollback, from which each reader takes:
 * the shell goes at the pace of the fastest, and runs freely when nobody looks.
 */
export class Terminal {
  readonly id: string;
  readonly startedAt = new Date();
  readonly scrollback = new Scrollback(TERMINAL_SCROLLBACK);
  readonly ended: Promise<TerminalExit>;
  readonly pty: Pty;
  readonly #readers = new Set<Reader>();
  #size: TerminalSize;
  #exit: TerminalExit | null = null;
  #isClosing = false;

  private constructor(id: string, { cols, rows }: TerminalSize, pty: Pty) {
    this.id = id;
    this.#size = { cols, rows };
    this.pty = pty;
    preferForOutOfMemory(pty.pid);
    this.ended = pty.ended.then((exit) => {
      this.#exit = exit;
      for (const reader of this.#readers) reader.wake();
      return exit;
    });
  }

  /** @throws RoseError RUNTIME_UNAVAILABLE, BUSY */
  static async start(id: string, start: PtyStart): Promise<Terminal> {
    const early: Buffer[] = [];
    let take = (chunk: Buffer): void => void early.push(chunk);
    const terminal = new Terminal(id, start, await Pty.start(start, (chunk) => take(chunk)));
    take = (chunk) => terminal.#take(chunk);
    early.forEach(take);
    return terminal;
  }

  get info(): TerminalInfo {
    const { id, startedAt, scrollback } = this;
    return { id, ...this.#size, startedAt: startedAt.toISOString(), position: scrollback.end, exit: this.#exit };
  }

  get exit(): TerminalExit | null {
    return this.#exit;
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    this.pty.resize(size);
  }

  /** @throws RoseError LIMIT_EXCEEDED */
  attach(reader: Reader): void {
    const value = this.#readers.size;
    if (value >= MAX_READERS) {
      const details = { limit: 'readers', value, allowed: MAX_READERS };
      throw new RoseError('LIMIT_EXCEEDED', `${value} windows show this terminal already; close some first.`, details);
    }
    this.#readers.add(reader);
    this.keepPace();
  }

  detach(reader: Reader): void {
    this.#readers.delete(reader);
    this.keepPace();
  }

  /** Called when a reader has moved on. */
  keepPace(): void {
    const slow = [...this.#readers].filter((reader) => this.scrollback.end - reader.position >= BEHIND_BYTES);
    if (slow.length > 0 && slow.length === this.#readers.size && !this.#isClosing) this.pty.pause();
    else this.pty.resume();
  }

  /** Ends the shell and every process of its session. */
  async close(): Promise<void> {
    if (this.#exit !== null) return;
    // What is still written must not hold up the end.
    this.#isClosing = true;
    this.keepPace();
    await endSession(this.pty.pid);
    await this.ended;
  }

  #take(chunk: Buffer): void {
    this.scrollback.push(chunk);
    for (const reader of this.#readers) reader.wake();
    this.keepPace();
  }
}
