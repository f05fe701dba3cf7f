import type { Socket } from 'node:net';
import { RoseError, type TerminalExit, type TerminalSize } from '@rose/contract';
import type { IPty, spawn } from '@lydell/node-pty';
import { PtyInput } from './pty-input.ts';

/** node-pty drops what is not read 200 ms after the process ended: while nothing is read, its end is looked for. */
const LOOK_MS = 50;

export interface PtyStart extends TerminalSize {
  argv: [string, ...string[]];
  /** Absolute; a path through an open descriptor. */
  cwd: string;
  env: Record<string, string>;
}

/** A process on a pseudo-terminal, in a session of its own. */
export class Pty {
  readonly pid: number;
  readonly ended: Promise<TerminalExit>;
  readonly #pty: IPty;
  readonly #input: PtyInput;
  #look: NodeJS.Timeout | null = null;
  /** The process has ended; its last output may still be on the way. */
  #isOver = false;
  #isClosed = false;

  private constructor(pty: IPty, onOutput: (chunk: Buffer) => void) {
    this.pid = pty.pid;
    this.#pty = pty;
    // Neither is in its types; the version is pinned.
    const { _socket: socket, fd } = pty as IPty & { _socket: Socket; fd: number };
    this.#input = new PtyInput(socket, fd);
    socket.on('data', onOutput);
    this.ended = new Promise((resolve) => {
      pty.onExit(({ exitCode, signal }) => {
        this.#isOver = true;
        this.#isClosed = true;
        this.resume();
        resolve(signal ? { code: null, signal } : { code: exitCode, signal: null });
      });
    });
  }

  /** @throws RoseError RUNTIME_UNAVAILABLE where node-pty does not load, BUSY when no process can be made */
  static async start({ argv, cwd, env, cols, rows }: PtyStart, onOutput: (chunk: Buffer) => void): Promise<Pty> {
    const nodePty = await loadNodePty();
    try {
      // `encoding: null`: bytes.
      const pty = nodePty.spawn(argv[0], argv.slice(1), {
        name: 'xterm-256color',
        cols,
        rows,
        cwd,
        env,
        encoding: null,
      });
      return new Pty(pty, onOutput);
    } catch (cause) {
      throw new RoseError(
        'BUSY',
        'The container has no room for another terminal; end something first.',
        {},
        { cause },
      );
    }
  }

  /** Bytes that the process has not taken yet. */
  get unread(): number {
    return this.#input.size;
  }

  /** @param onTaken called when the process has taken these bytes, or will take none any more */
  write(bytes: Uint8Array, onTaken: () => void): void {
    this.#input.push(bytes, onTaken);
  }

  resize({ cols, rows }: TerminalSize): void {
    if (!this.#isClosed) this.#pty.resize(cols, rows);
  }

  /** Reads no more: soon the process waits with its output. The last of a process that has ended is always read. */
  pause(): void {
    if (this.#look !== null || this.#isOver) return;
    this.#pty.pause();
    this.#look = setInterval(() => {
      this.#isOver = !isAlive(this.pid);
      if (this.#isOver) this.resume();
    }, LOOK_MS);
  }

  resume(): void {
    if (this.#look !== null) clearInterval(this.#look);
    this.#look = null;
    if (!this.#isClosed) this.#pty.resume();
  }
}

/** Loaded with the first terminal: an image whose C library it does not fit has all the rest. */
async function loadNodePty(): Promise<{ spawn: typeof spawn }> {
  try {
    return await import('@lydell/node-pty');
  } catch (cause) {
    throw new RoseError(
      'RUNTIME_UNAVAILABLE',
      'Terminals do not work in this image: they need glibc 2.28 or newer on x64 or arm64.',
      {},
      { cause },
    );
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
