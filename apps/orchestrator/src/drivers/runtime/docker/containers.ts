import type Docker from 'dockerode';
import { setTimeout as sleep } from 'node:timers/promises';
import { notFound, RoseError } from '@rose/contract';
import type { ContainerInfo } from '../runtime.ts';
import { callEngine, statusOf } from './calls.ts';
import { containerInfo } from './container-info.ts';
import { LABEL, type Names } from './names.ts';

const INSPECT_MS = 30_000;
const CHANGE_MS = 60_000;
const REMOVE_MS = 120_000;

/**
 * The life of one installation's containers at an engine. Engines answer a change that is made
 * already by 304, 409 or 500, by version: here the state afterwards decides, so every deed can be repeated.
 */
export class Containers {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #dataDir: string;

  constructor(docker: Docker, names: Names, dataDir: string) {
    this.#docker = docker;
    this.#names = names;
    this.#dataDir = dataDir;
  }

  /** By id or name; null when there is none, or it is another installation's. */
  async inspect(id: string): Promise<ContainerInfo | null> {
    const container = this.#docker.getContainer(id);
    try {
      const found = await callEngine('look at a container', INSPECT_MS, (abortSignal) =>
        container.inspect({ abortSignal }),
      );
      return containerInfo(found, this.#names.installation, this.#dataDir);
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  }

  async list(): Promise<ContainerInfo[]> {
    const filters = { label: [this.#names.filter] };
    const found = await callEngine('list containers', INSPECT_MS, (abortSignal) =>
      this.#docker.listContainers({ all: true, filters, abortSignal }),
    );
    const infos: ContainerInfo[] = [];
    for (const { Id } of found) {
      const info = await this.inspect(Id);
      if (info !== null) infos.push(info);
    }
    return infos;
  }

  /** Projects that have a container at this engine, whichever installation's it is. */
  async projects(): Promise<Set<number>> {
    const found = await callEngine('list containers', INSPECT_MS, (abortSignal) =>
      this.#docker.listContainers({ all: true, filters: { label: [LABEL.project] }, abortSignal }),
    );
    return new Set(found.map(({ Labels }) => Number(Labels[LABEL.project])));
  }

  async start(id: string, signal?: AbortSignal): Promise<void> {
    const info = await this.#own(id);
    if (info.status === 'paused') return this.resume(id);
    const container = this.#docker.getContainer(id);
    await this.#become(
      ['running'],
      id,
      'start a container',
      CHANGE_MS,
      (s) => container.start({ abortSignal: s }),
      signal,
    );
  }

  async pause(id: string): Promise<void> {
    await this.#own(id);
    const container = this.#docker.getContainer(id);
    await this.#become(['paused'], id, 'pause a container', CHANGE_MS, (abortSignal) =>
      container.pause({ abortSignal }),
    );
  }

  async resume(id: string): Promise<void> {
    await this.#own(id);
    const container = this.#docker.getContainer(id);
    await this.#become(['running'], id, 'resume a container', CHANGE_MS, (abortSignal) =>
      container.unpause({ abortSignal }),
    );
  }

  async stop(id: string, graceSeconds: number): Promise<void> {
    // A frozen agent could not answer SIGTERM and would be killed when its grace is over.
    if ((await this.#own(id)).status === 'paused') await this.resume(id);
    const container = this.#docker.getContainer(id);
    const deadline = graceSeconds * 1000 + CHANGE_MS;
    // Engines count whole seconds.
    const t = Math.ceil(graceSeconds);
    await this.#become(['exited', 'created'], id, 'stop a container', deadline, (abortSignal) =>
      container.stop({ t, abortSignal }),
    );
  }

  async remove(id: string): Promise<void> {
    if ((await this.inspect(id)) === null) return;
    const container = this.#docker.getContainer(id);
    try {
      await callEngine('remove a container', REMOVE_MS, (abortSignal) =>
        container.remove({ force: true, v: true, abortSignal }),
      );
    } catch (error) {
      // 409: somebody else is removing it.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
    }
    await this.#gone(id);
  }

  /** @throws RoseError NOT_FOUND when there is no such container of this installation. */
  async #own(id: string): Promise<ContainerInfo> {
    const info = await this.inspect(id);
    if (info === null) throw notFound('container');
    return info;
  }

  async #become(
    wanted: ContainerInfo['status'][],
    id: string,
    deed: string,
    deadlineMs: number,
    change: (signal: AbortSignal) => Promise<unknown>,
    signal?: AbortSignal,
  ): Promise<void> {
    try {
      await callEngine(deed, deadlineMs, change, signal);
    } catch (error) {
      if (statusOf(error) === 304) return;
      if (statusOf(error) === undefined) throw error;
      if (wanted.includes((await this.#own(id)).status)) return;
      throw error;
    }
  }

  async #gone(id: string): Promise<void> {
    const deadline = Date.now() + REMOVE_MS;
    while ((await this.inspect(id)) !== null) {
      if (Date.now() > deadline) {
        throw new RoseError('CONTAINER_FAILED', 'The container engine did not remove a container in time.');
      }
      await sleep(50);
    }
  }
}
