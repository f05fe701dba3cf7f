import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RoseError, type CommandExit } from '@rose/contract';
import { toText, type Raw } from '@rose/snapshot';
import { close, type Fd } from '@rose/snapshot/disk';
import type { Environment } from '../environment.ts';
import { refused } from '../failures.ts';
import { diskCode } from '../files/disk-failures.ts';
import { openDirectoryAt } from '../files/locate.ts';
import type { Workspace } from '../workspace.ts';
import { Command } from './command.ts';
import { commandEnvironment } from './command-environment.ts';
import type { CheckedSpec } from './spec.ts';

const MAX_COMMANDS = 256;

export interface RunningCommand {
  id: string;
  argv: string[];
  /** ISO 8601. */
  startedAt: string;
}

/** The commands that run in this container for callers of the agent. */
export class CommandsService implements AsyncDisposable {
  readonly #workspace: Workspace;
  readonly #env: Record<string, string>;
  readonly #running = new Map<string, Command>();
  #starting = 0;

  constructor(workspace: Workspace, environment: Environment) {
    this.#workspace = workspace;
    this.#env = commandEnvironment(environment);
  }

  /**
   * Starts a command in its directory of the workspace.
   * @returns the command, or how it ended when there was nothing to run
   * @throws RoseError LIMIT_EXCEEDED, NOT_FOUND for the directory, INVALID_INPUT
   */
  async start(spec: CheckedSpec): Promise<Command | CommandExit> {
    const value = this.#running.size + this.#starting;
    if (value >= MAX_COMMANDS) {
      const details = { limit: 'commands', value, allowed: MAX_COMMANDS };
      throw new RoseError(
        'LIMIT_EXCEEDED',
        `${value} commands are running in this container; end some first.`,
        details,
      );
    }
    const cwd = this.#openDirectory(spec.cwd);
    this.#starting += 1;
    try {
      const command = await Command.start({
        ...spec,
        id: randomUUID(),
        cwd: `/proc/self/fd/${cwd}`,
        env: { ...this.#env, PWD: join(this.#workspace.path, toText(spec.cwd)), ...spec.env },
      });
      this.#running.set(command.id, command);
      void command.ended.finally(() => this.#running.delete(command.id));
      return command;
    } catch (error) {
      return nothingRan(error, spec.argv[0], spec.env.PATH ?? this.#env.PATH);
    } finally {
      this.#starting -= 1;
      close(cwd);
    }
  }

  /** Oldest first. */
  list(): RunningCommand[] {
    return Array.from(this.#running.values(), ({ id, argv, startedAt }) => ({
      id,
      argv,
      startedAt: startedAt.toISOString(),
    }));
  }

  /** @throws RoseError NOT_FOUND when no such command is running */
  kill(id: string, signal: NodeJS.Signals): void {
    const command = this.#running.get(id);
    if (command === undefined)
      throw new RoseError('NOT_FOUND', `No command ${id} is running.`, { what: `command ${id}` });
    command.send(signal);
  }

  /** Ends all, within the grace that they get. */
  async [Symbol.asyncDispose](): Promise<void> {
    const commands = [...this.#running.values()];
    for (const command of commands) {
      command.end();
      // Nobody may be reading any more, and what was written must not hold up the end.
      command.stdout.resume();
      command.stderr.resume();
    }
    await Promise.all(commands.map((command) => command.ended));
  }

  #openDirectory(path: Raw): Fd {
    const root = this.#workspace.open();
    try {
      return openDirectoryAt(root, path);
    } finally {
      close(root);
    }
  }
}

/** execvp(3) says EACCES when it may not look into some directory of the PATH. */
function isOnPath(program: string, path = ''): boolean {
  return path.split(':').some((directory) => existsSync(join(directory, program)));
}

function nothingRan(error: unknown, program: string, path: string | undefined): CommandExit {
  const none = { signal: null, timedOut: false };
  switch (diskCode(error)) {
    case 'ENOENT':
      return { ...none, code: 127, failure: 'not-found' };
    case 'EACCES':
      if (!program.includes('/') && !isOnPath(program, path)) return { ...none, code: 127, failure: 'not-found' };
      return { ...none, code: 126, failure: 'not-executable' };
    case 'EPERM':
    case 'ENOEXEC':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ELOOP':
      return { ...none, code: 126, failure: 'not-executable' };
    case 'E2BIG':
    case 'ENAMETOOLONG':
      throw refused('argv', 'The arguments and the environment are longer than the system allows.');
    case 'EAGAIN':
    case 'ENOMEM':
      throw new RoseError('BUSY', 'The container has no room for another process; end some first.');
    default:
      throw error;
  }
}
