import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RoseError } from '@rose/contract';
import { reachableAddresses } from './dial.ts';
import { systemLookup } from './lookup.ts';
import type { FromProxy, ToProxy } from './messages.ts';
import type { Refusal } from './refusals.ts';
import { judge, type EgressPolicy, type EgressRules } from './rules.ts';
import type { Target } from './target.ts';

const ANSWER_MS = 10_000;
const END_MS = 2000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** A process that lived that long counts as well again. */
const WELL_MS = 60_000;
/** Threads that resolve names, for all projects together. */
const RESOLVER_THREADS = '64';

export interface EgressProxyOptions {
  rules: EgressRules;
  refused: (refusal: Refusal) => void;
  /** The process ended by itself and is started again. */
  restarted: (reason: string) => void;
}

type Order = Exclude<ToProxy, { kind: 'configure' }>;
type Waiting = { resolve: () => void; reject: (error: Error) => void };

/**
 * The egress proxy's process, in a session of its own. When it dies it is started again and
 * listens on every project's socket as before.
 */
export class EgressProxy implements AsyncDisposable {
  readonly #options: EgressProxyOptions;
  #rules: EgressRules;
  readonly #projects = new Map<number, { socketPath: string; policy: EgressPolicy }>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #stopping = new AbortController();
  #child: ChildProcess | null = null;
  #nextId = 1;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(options: EgressProxyOptions) {
    this.#options = options;
    this.#rules = options.rules;
  }

  /** Of the process, for the log; null while it is away. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  start(): void {
    const startedAt = performance.now();
    const child = fork(path.join(import.meta.dirname, 'main.ts'), [], {
      detached: true,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { PATH: '/usr/bin:/bin', UV_THREADPOOL_SIZE: RESOLVER_THREADS },
    });
    this.#child = child;
    let ended = false;
    const end = (reason: string): void => {
      if (ended) return;
      ended = true;
      if (performance.now() - startedAt > WELL_MS) this.#pauseMs = FIRST_PAUSE_MS;
      void this.#startAgain(reason);
    };
    child.on('message', (message: FromProxy) => this.#hear(message));
    child.on('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    child.send({ kind: 'configure', rules: this.#rules } satisfies ToProxy);
    for (const [projectId, { socketPath, policy }] of this.#projects) {
      this.#order({ kind: 'listen', id: this.#nextId++, projectId, socketPath, policy }).catch((error: unknown) =>
        this.#options.restarted(`project ${projectId} has no way out: ${String(error)}`),
      );
    }
  }

  /**
   * Opens a project's way out on `socketPath`, in a directory that no container can write; replaces
   * the one it had. Returns when it listens.
   * @throws RoseError CONTAINER_FAILED
   */
  async listen(projectId: number, socketPath: string, policy: EgressPolicy): Promise<void> {
    this.#projects.set(projectId, { socketPath, policy });
    try {
      await this.#order({ kind: 'listen', id: this.#nextId++, projectId, socketPath, policy });
    } catch (error) {
      this.#projects.delete(projectId);
      throw error;
    }
  }

  /**
   * For what somebody else fetches in a project's name, past this proxy.
   * @throws Refused when the project's containers could not reach it either; Error when it cannot be resolved
   */
  async requireReach(target: Target, policy: EgressPolicy): Promise<void> {
    const { permitted } = judge(target, policy, this.#rules);
    await reachableAddresses(target, permitted, this.#rules, systemLookup);
  }

  /** For connections from now on: see EgressRules. */
  refuseNetworks(refusedNetworks: string[]): void {
    this.#rules = { ...this.#rules, refusedNetworks };
    const child = this.#child;
    if (child?.connected) child.send({ kind: 'configure', rules: this.#rules } satisfies ToProxy);
  }

  /** Holds from now on, also for connections that are open. Does nothing for a project without a way out. */
  async setPolicy(projectId: number, policy: EgressPolicy): Promise<void> {
    const project = this.#projects.get(projectId);
    if (project === undefined) return;
    project.policy = policy;
    await this.#order({ kind: 'policy', id: this.#nextId++, projectId, policy });
  }

  /** Ends all connections of a project. Safe to repeat. */
  async close(projectId: number): Promise<void> {
    if (!this.#projects.delete(projectId)) return;
    await this.#order({ kind: 'close', id: this.#nextId++, projectId });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    if (child.connected) child.disconnect();
    const kill = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await exited;
    clearTimeout(kill);
  }

  /** Done at once while the process is away, and when it goes away: it is told everything when it is back. */
  async #order(order: Order): Promise<void> {
    const child = this.#child;
    if (child === null || !child.connected) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error('It did not answer in time.')), ANSWER_MS);
    this.#waiting.set(order.id, { resolve, reject });
    child.send(order satisfies ToProxy, (error) => error && reject(error));
    try {
      await promise;
    } catch (error) {
      throw new RoseError('CONTAINER_FAILED', 'The egress proxy failed.', {}, { cause: error });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(order.id);
    }
  }

  #hear(message: FromProxy): void {
    if (message.kind === 'refused') return this.#options.refused(message.refusal);
    const waiting = this.#waiting.get(message.id);
    if (message.error === null) waiting?.resolve();
    else waiting?.reject(new Error(message.error));
  }

  async #startAgain(reason: string): Promise<void> {
    this.#child = null;
    for (const { resolve } of this.#waiting.values()) resolve();
    if (this.#stopping.signal.aborted) return;
    this.#options.restarted(reason);
    const pause = this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, pause * 2);
    await sleep(pause, undefined, { signal: this.#stopping.signal }).catch(() => {});
    if (!this.#stopping.signal.aborted) this.start();
  }
}
