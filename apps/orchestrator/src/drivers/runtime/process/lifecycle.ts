import { existsSync } from 'node:fs';
import path from 'node:path';
import { RoseError } from '@rose/contract';
import type { RuntimeEvent } from '../runtime.ts';
import { socketFolders } from '../socket-folders.ts';
import { removeCgroup } from './cgroups.ts';
import { Events } from './events.ts';
import type { Parts } from './parts.ts';
import type { ContainerRecord } from './records.ts';
import { Sandbox } from './sandbox.ts';
import { startContainer, type Ground } from './start-container.ts';
import type { Turns } from './turns.ts';
import type { Volumes } from './volumes.ts';

/** How soon the end of an adopted container is noticed; the end of an own one is told at once. */
const POLL_MS = 500;

/** Starts, freezes and ends the processes of containers, and tells what became of them. Callers take turns. */
export class Lifecycle implements Disposable {
  readonly events = new Events();
  /** Whether pause really freezes: without a sandbox or a cgroup, processes can hide. */
  readonly canPause: boolean;
  readonly #dataDir: string;
  readonly #parts: Parts;
  readonly #ground: Ground;
  readonly #volumes: Volumes;
  readonly #turns: Turns;
  readonly #running = new Map<string, ContainerRecord>();
  readonly #poll: NodeJS.Timeout;

  constructor(options: { dataDir: string; parts: Parts; ground: Ground; volumes: Volumes; turns: Turns }) {
    this.#dataDir = options.dataDir;
    this.#parts = options.parts;
    this.#ground = options.ground;
    this.#volumes = options.volumes;
    this.#turns = options.turns;
    this.canPause = options.ground.cgroups.freezer !== undefined || options.ground.way !== 'none';
    this.#poll = setInterval(() => this.#lookAfter(), POLL_MS).unref();
  }

  /** Takes over what an earlier orchestrator left running; clears away what has ended meanwhile. */
  async adopt(records: ContainerRecord[]): Promise<void> {
    for (const record of records) {
      if (sandboxOf(record)?.alive) this.#running.set(record.id, record);
      else await this.clear(record);
    }
  }

  /** A container that runs, without a look at the disk. */
  running(id: string): ContainerRecord | undefined {
    return this.#running.get(id);
  }

  async start(record: ContainerRecord, signal?: AbortSignal): Promise<void> {
    if (sandboxOf(record)?.alive) return this.resume(record);
    await this.clear(record);
    try {
      await startContainer(this.#ground, record, this.#placeOf(record), () => this.#lookAfter(), signal);
    } catch (error) {
      await this.clear(record);
      throw error;
    }
    this.#running.set(record.id, record);
    this.emit(record, 'started');
  }

  async pause(record: ContainerRecord): Promise<void> {
    const sandbox = alive(record);
    if (sandbox.frozen) return;
    if (!this.canPause) throw new RoseError('CONTAINER_FAILED', 'Without a sandbox a dev container cannot be paused.');
    await sandbox.freeze();
    this.emit(record, 'paused');
  }

  async resume(record: ContainerRecord): Promise<void> {
    const sandbox = alive(record);
    if (!sandbox.frozen) return;
    await sandbox.thaw();
    this.emit(record, 'resumed');
  }

  /** @param graceSeconds 0: the agent is not asked. */
  async stop(record: ContainerRecord, graceSeconds: number): Promise<void> {
    const sandbox = sandboxOf(record);
    if (graceSeconds > 0 && sandbox?.alive) {
      sandbox.terminate();
      if (sandbox.frozen) await sandbox.thaw();
      await sandbox.ended(graceSeconds * 1000);
    }
    await this.#end(record);
  }

  /** Ends whatever is left of the last run. */
  async clear(record: ContainerRecord): Promise<void> {
    if (record.run === null) return;
    await sandboxOf(record)?.kill();
    await removeCgroup(record.run.cgroup);
  }

  emit({ id, spec }: ContainerRecord, kind: RuntimeEvent['kind']): void {
    this.events.emit({ id, projectId: spec.projectId, kind });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#poll);
    this.#running.clear();
  }

  #lookAfter(): void {
    for (const record of this.#running.values()) {
      if (sandboxOf(record)?.alive) continue;
      const end = async (): Promise<void> => {
        // Whoever had the turn before may have started it again.
        if (this.#running.get(record.id) === record) await this.#end(record);
      };
      // A failure leaves it among the running ones: the next look tries again.
      this.#turns.take(record.id, end).catch(() => {});
    }
  }

  async #end(record: ContainerRecord): Promise<void> {
    await this.clear(record);
    if (this.#running.delete(record.id)) this.emit(record, 'exited');
  }

  /** With the agent that the container was made with, whatever was built since. */
  #placeOf(record: ContainerRecord) {
    const agentDir = path.join(path.dirname(this.#parts.agentDir), `agent-${record.agentBuild}`);
    if (!existsSync(agentDir)) {
      throw new RoseError('CONTAINER_FAILED', 'The agent of this dev container is gone: remove the container.');
    }
    return {
      parts: { ...this.#parts, agentDir },
      volume: this.#volumes.folder(record.spec.volume),
      folders: socketFolders(this.#dataDir, record.id),
    };
  }
}

/** null before the first start. */
export function sandboxOf(record: ContainerRecord): Sandbox | null {
  return record.run && new Sandbox(record.id, record.run);
}

function alive(record: ContainerRecord): Sandbox {
  const sandbox = sandboxOf(record);
  if (!sandbox?.alive) throw new RoseError('CONTAINER_FAILED', 'The dev container does not run.');
  return sandbox;
}
