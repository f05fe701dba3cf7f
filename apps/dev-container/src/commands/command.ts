import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { CommandExit } from '@rose/contract';
import { closeTheirs, pipeFromCommand, pipeToCommand, type Pipe } from './pipes.ts';
import { ProcessGroup } from './process-group.ts';

/** After the command's end its output is read until this long nothing came, ms. */
const LINGER_MS = 500;
const LOOK_MS = 100;

export interface CommandStart {
  id: string;
  argv: [string, ...string[]];
  /** Absolute; a path through an open descriptor. */
  cwd: string;
  env: Record<string, string>;
  /** Missing = no limit. */
  timeLimitSeconds?: number | undefined;
  stdin: boolean;
}

/** A running command with its whole process group. Outputs are paused until somebody reads them. */
export class Command {
  readonly id: string;
  readonly argv: string[];
  readonly startedAt = new Date();
  readonly stdin: Socket | null;
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** Resolves when the process has ended and its output was read. */
  readonly ended: Promise<CommandExit>;
  readonly #group: ProcessGroup;

  private constructor(start: CommandStart, child: ChildProcess, pipes: Pipe[]) {
    this.id = start.id;
    this.argv = start.argv;
    this.#group = new ProcessGroup(child.pid!);
    const [output, errors, input] = pipes;
    this.stdout = output!.stream;
    this.stderr = errors!.stream;
    this.stdin = input?.stream ?? null;
    this.ended = this.#waitForEnd(child, start.timeLimitSeconds);
  }

  /**
   * Starts a program in a session and process group of its own.
   * @throws the error of spawn(2): ENOENT, EACCES, E2BIG, EAGAIN …
   */
  static async start(start: CommandStart): Promise<Command> {
    const pipes = [pipeFromCommand(), pipeFromCommand(), ...(start.stdin ? [pipeToCommand()] : [])];
    const [output, errors, input] = pipes;
    for (const { stream } of pipes) stream.on('error', () => stream.destroy());
    try {
      const child = spawn(start.argv[0], start.argv.slice(1), {
        cwd: start.cwd,
        env: start.env,
        detached: true,
        stdio: [input?.theirs ?? 'ignore', output!.theirs, errors!.theirs],
      });
      await once(child, 'spawn');
      preferForOutOfMemory(child.pid!);
      return new Command(start, child, pipes);
    } catch (error) {
      for (const { stream } of pipes) stream.destroy();
      throw error;
    } finally {
      closeTheirs(pipes);
    }
  }

  send(signal: NodeJS.Signals): void {
    this.#group.send(signal);
  }

  /** Ends the whole group: SIGTERM, then SIGKILL. */
  end(): void {
    this.#group.end();
  }

  async #waitForEnd(child: ChildProcess, timeLimitSeconds: number | undefined): Promise<CommandExit> {
    let timedOut = false;
    const overdue = (): void => {
      timedOut = true;
      this.end();
    };
    const limit = timeLimitSeconds === undefined ? undefined : setTimeout(overdue, timeLimitSeconds * 1000);
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    clearTimeout(limit);
    this.#group.leaderGone();
    this.stdin?.destroy();
    await Promise.all([readToEnd(this.stdout), readToEnd(this.stderr)]);
    return { code, signal, timedOut };
  }
}

/** When memory runs out the kernel takes a command, not the agent and with it the container. */
export function preferForOutOfMemory(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '500');
  } catch {
    // It ended already, or became another user's.
  }
}

/**
 * Resolves when an output is closed. A process that left the group may hold it open for ever:
 * so it is closed when nothing comes any more, unless it is the reader who is slow.
 */
async function readToEnd(output: Socket): Promise<void> {
  if (output.closed) return;
  let seen = output.bytesRead;
  let silentSince = Date.now();
  const look = setInterval(() => {
    if (output.isPaused() || output.bytesRead !== seen) silentSince = Date.now();
    seen = output.bytesRead;
    if (Date.now() - silentSince > LINGER_MS) output.destroy();
  }, LOOK_MS);
  await new Promise((resolve) => output.once('close', resolve));
  clearInterval(look);
}
