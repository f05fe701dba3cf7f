import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { notFound, RoseError } from '@rose/contract';
import type {
  ContainerInfo,
  ContainerSpec,
  ContainerStats,
  DiskAmounts,
  Isolation,
  Runtime,
  RuntimeEvent,
} from '../runtime.ts';
import { connectToSocket } from '../socket.ts';
import { makeSocketFolders, removeSocketFolders, socketFolders, type Owner } from '../socket-folders.ts';
import { noImages, translating } from './failures.ts';
import { Lifecycle, sandboxOf } from './lifecycle.ts';
import { emptyForItsOwner, ownerOf } from './owners.ts';
import type { Parts } from './parts.ts';
import type { ContainerRecord, Records } from './records.ts';
import type { Ground } from './start-container.ts';
import { statsOf } from './stats.ts';
import { Turns } from './turns.ts';
import type { Volumes } from './volumes.ts';

/** Making containers and taking volumes away: one at a time, each takes milliseconds. */
const MAKING = 'making';

/** Dev containers as sandboxed processes of this machine. See Runtime for the contract. */
export class ProcessRuntime implements Runtime {
  readonly name = 'process';
  readonly canPause: boolean;
  readonly isolation: Isolation;
  readonly #dataDir: string;
  readonly #installation: string;
  readonly #parts: Parts;
  readonly #isolated: boolean;
  readonly #records: Records;
  readonly #volumes: Volumes;
  readonly #turns = new Turns();
  readonly #lifecycle: Lifecycle;

  constructor(options: {
    dataDir: string;
    installation: string;
    parts: Parts;
    ground: Ground;
    volumes: Volumes;
    isolation: Isolation;
  }) {
    this.#dataDir = options.dataDir;
    this.#installation = options.installation;
    this.#parts = options.parts;
    this.isolation = options.isolation;
    this.#isolated = options.ground.way !== 'none';
    this.#records = options.ground.records;
    this.#volumes = options.volumes;
    this.#lifecycle = new Lifecycle({ ...options, turns: this.#turns });
    this.canPause = this.#lifecycle.canPause;
  }

  /** Takes over what an earlier orchestrator left running. */
  async adopt(): Promise<void> {
    await this.#lifecycle.adopt(await this.#records.all());
  }

  /** Nothing to build: the agent was laid out when the runtime was made. */
  async ensureImage(_report: (line: string) => void, _signal?: AbortSignal, image?: string): Promise<string> {
    if (image !== undefined) throw noImages(image);
    return this.#parts.agentBuild;
  }

  /** Agents of earlier builds go when the runtime is made: see sweep. */
  async removeUnused(): Promise<string[]> {
    return [];
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<ContainerInfo> {
    await this.ensureImage(() => {}, signal, spec.image);
    return await this.#turn(MAKING, 'make', async () => {
      const others = await this.#records.all();
      if (others.some((other) => other.spec.projectId === spec.projectId)) {
        throw new RoseError('CONTAINER_FAILED', `Project ${spec.projectId} has a dev container already.`);
      }
      const id = `p${spec.projectId}-${randomBytes(6).toString('hex')}`;
      const record = { id, installation: this.#installation, spec, agentBuild: this.#parts.agentBuild, run: null };
      const madeVolume = await this.#volumes.ensure(spec.volume, this.#ownerOf(record));
      try {
        await makeSocketFolders(this.#dataDir, id, this.#ownerOf(record));
        if (signal?.aborted) throw new RoseError('CANCELLED', 'Cancelled while a dev container was made.');
        await this.#records.write(record);
        return await this.#info(record);
      } catch (error) {
        // Failing here must not hide why the making failed.
        await this.#unmake(record).catch(() => {});
        if (madeVolume)
          await this.#volumes.detach(spec.volume).then(
            (discard) => discard(),
            () => {},
          );
        throw error;
      }
    });
  }

  start(id: string, signal?: AbortSignal): Promise<void> {
    return this.#turn(id, 'start', async () => this.#lifecycle.start(await this.#own(id), signal));
  }

  pause(id: string): Promise<void> {
    return this.#turn(id, 'pause', async () => this.#lifecycle.pause(await this.#own(id)));
  }

  resume(id: string): Promise<void> {
    return this.#turn(id, 'resume', async () => this.#lifecycle.resume(await this.#own(id)));
  }

  stop(id: string, graceSeconds: number): Promise<void> {
    return this.#turn(id, 'stop', async () => this.#lifecycle.stop(await this.#own(id), graceSeconds));
  }

  remove(id: string): Promise<void> {
    return this.#turn(id, 'remove', async () => {
      const record = await this.#records.read(id);
      if (record === null) return;
      await this.#lifecycle.stop(record, 0);
      await this.#unmake(record);
      this.#lifecycle.emit(record, 'removed');
    });
  }

  async removeVolume(volume: string): Promise<void> {
    const discard = await this.#turn(MAKING, 'remove the volume of', async () => {
      if ((await this.#records.all()).some((record) => record.spec.volume === volume)) {
        throw new RoseError('CONTAINER_FAILED', `The volume "${volume}" is in use by a dev container.`);
      }
      return this.#volumes.detach(volume);
    });
    await translating('remove the volume of', discard);
  }

  async inspect(id: string): Promise<ContainerInfo | null> {
    const record = await this.#records.read(id);
    return record && this.#info(record);
  }

  async list(): Promise<ContainerInfo[]> {
    const records = await this.#records.all();
    return Promise.all(records.map((record) => this.#info(record)));
  }

  /** Its own interfaces are the host's. */
  async refusedNetworks(): Promise<string[]> {
    return [];
  }

  listVolumes(): Promise<{ volume: string; createdAt: Date }[]> {
    return this.#volumes.list();
  }

  get volumesFolder(): string {
    return this.#volumes.root;
  }

  diskUse(volume: string, signal?: AbortSignal): Promise<DiskAmounts> {
    return translating('measure the volume of', () => this.#volumes.use(volume, signal));
  }

  watch(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return this.#lifecycle.events.watch(signal);
  }

  async stats(id: string): Promise<ContainerStats> {
    const record = await this.#own(id);
    return translating('measure', () => statsOf(record, sandboxOf(record)));
  }

  async logs(id: string): Promise<string> {
    await this.#own(id);
    return this.#records.log(id);
  }

  async connect(id: string): Promise<Socket> {
    const record = this.#lifecycle.running(id) ?? (await this.#own(id));
    if (!sandboxOf(record)?.alive) throw new RoseError('AGENT_UNAVAILABLE', 'The dev container does not run.');
    return connectToSocket(socketFolders(this.#dataDir, id).agentSocket);
  }

  /** Containers go on; whoever shuts down stops them first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifecycle[Symbol.dispose]();
  }

  #turn<T>(key: string, deed: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(key, () => translating(deed, work));
  }

  async #unmake(record: ContainerRecord): Promise<void> {
    await this.#records.remove(record.id);
    await removeSocketFolders(this.#dataDir, record.id, emptyForItsOwner);
  }

  async #info(record: ContainerRecord): Promise<ContainerInfo> {
    const sandbox = sandboxOf(record);
    const alive = sandbox?.alive ?? false;
    return {
      id: record.id,
      projectId: record.spec.projectId,
      status: sandbox === null ? 'created' : !alive ? 'exited' : sandbox.frozen ? 'paused' : 'running',
      volume: record.spec.volume,
      egressSocket: socketFolders(this.#dataDir, record.id).egressSocket,
      agentBuild: record.agentBuild,
      startedAt: record.run && new Date(record.run.startedAt),
      exitCode: alive ? null : await this.#records.exitCode(record.id),
    };
  }

  async #own(id: string): Promise<ContainerRecord> {
    const record = await this.#records.read(id);
    if (record === null) throw notFound('container');
    return record;
  }

  #ownerOf(record: { spec: ContainerSpec }): Owner {
    return ownerOf(record.spec.projectId, this.#isolated);
  }
}
