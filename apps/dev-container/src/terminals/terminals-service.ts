import { randomUUID } from 'node:crypto';
import { MAX_TERMINALS, RoseError, type TerminalInfo, type TerminalSize } from '@rose/contract';
import type { Raw } from '@rose/snapshot';
import { close } from '@rose/snapshot/disk';
import { commandEnvironment } from '../commands/command-environment.ts';
import type { Environment } from '../environment.ts';
import { openDirectoryAt } from '../files/locate.ts';
import type { Workspace } from '../workspace.ts';
import { shellFor } from './shell.ts';
import { Terminal } from './terminal.ts';

/** A shell that ended is shown this long to who comes back. */
const REMEMBER_MS = 60_000;

export interface TerminalStart extends TerminalSize {
  /** Directory in the workspace; '' is its root. */
  cwd: Raw;
}

/** The terminals of this container. They live as long as the agent, whoever looks. */
export class TerminalsService implements AsyncDisposable {
  readonly #workspace: Workspace;
  readonly #env: Record<string, string>;
  readonly #terminals = new Map<string, Terminal>();
  #starting = 0;

  constructor(workspace: Workspace, environment: Environment) {
    this.#workspace = workspace;
    this.#env = commandEnvironment(environment);
  }

  /**
   * Starts a shell in a directory of the workspace.
   * @throws RoseError LIMIT_EXCEEDED, NOT_FOUND for the directory, RUNTIME_UNAVAILABLE, BUSY
   */
  async create({ cwd, cols, rows }: TerminalStart): Promise<{ id: string }> {
    this.#makeRoom();
    const directory = this.#openDirectory(cwd);
    this.#starting += 1;
    try {
      const { argv, env } = shellFor(this.#env);
      const id = randomUUID();
      // Through the descriptor: nobody can put a link in the place of what was looked at.
      const path = `/proc/self/fd/${directory}`;
      const terminal = await Terminal.start(id, { argv, env, cwd: path, cols, rows });
      this.#terminals.set(id, terminal);
      void terminal.ended.then(() => setTimeout(() => this.#terminals.delete(id), REMEMBER_MS).unref());
      return { id };
    } finally {
      this.#starting -= 1;
      close(directory);
    }
  }

  /** Oldest first. */
  list(): TerminalInfo[] {
    return Array.from(this.#terminals.values(), ({ info }) => info);
  }

  /** @throws RoseError NOT_FOUND */
  get(id: string): Terminal {
    const terminal = this.#terminals.get(id);
    if (terminal !== undefined) return terminal;
    throw new RoseError('NOT_FOUND', 'This terminal is closed.', { what: `terminal ${id}` });
  }

  /** Ends a shell and all that it started. @throws RoseError NOT_FOUND */
  async close(id: string): Promise<void> {
    await this.get(id).close();
    this.#terminals.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#terminals.values(), (terminal) => terminal.close()));
  }

  /** Forgets those whose shell has ended; refuses when as many still run. */
  #makeRoom(): void {
    for (const [id, { exit }] of this.#terminals) {
      if (this.#terminals.size + this.#starting < MAX_TERMINALS) return;
      if (exit !== null) this.#terminals.delete(id);
    }
    const value = this.#terminals.size + this.#starting;
    if (value < MAX_TERMINALS) return;
    const details = { limit: 'terminals', value, allowed: MAX_TERMINALS };
    throw new RoseError('LIMIT_EXCEEDED', `${value} terminals are open in this project; close some first.`, details);
  }

  #openDirectory(path: Raw): number {
    const root = this.#workspace.open();
    try {
      return openDirectoryAt(root, path);
    } finally {
      close(root);
    }
  }
}
