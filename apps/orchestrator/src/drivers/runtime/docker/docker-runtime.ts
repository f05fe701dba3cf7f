import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import path from 'node:path';
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
import type { SocketFolders } from '../socket-folders.ts';
import { AgentGone, requireAgent } from './agent-volume.ts';
import { callEngine, statusOf } from './calls.ts';
import { foldersIn, foldersOf } from './container-info.ts';
import { containerOptions, HOME, USER_FILES } from './container-options.ts';
import { Containers } from './containers.ts';
import type { Engine } from './engine.ts';
import { containerEvents } from './events.ts';
import { Folders } from './folders.ts';
import { removeHelpers } from './helpers.ts';
import { networksOfHost } from './host-addresses.ts';
import type { DevImage } from './image.ts';
import { Images } from './images.ts';
import { logText } from './logs.ts';
import { namesOf, type Names } from './names.ts';
import { containerStats } from './stats.ts';
import type { Users } from './users.ts';
import { VolumeCounts } from './volume-use.ts';
import { Volumes } from './volumes.ts';

const CREATE_MS = 60_000;
const READ_MS = 30_000;
const LOG_LINES = 500;

export interface DockerRuntimeOptions {
  /** This installation's id: part of every name and label. */
  installation: string;
  /** Absolute; socket folders are made below it. */
  dataDir: string;
  /** apps/dev-container, with the built agent in dist/. */
  imageFolder: string;
  /** null: the Dockerfile's default. */
  baseImage: string | null;
  /** The CA certificates that containers trust, in one file; null is the image's own. */
  caBundle: string | null;
  /** HostConfig.Runtime: runsc, sysbox-runc, kata…; null is the engine's default. */
  containerRuntime: string | null;
}

/** Dev containers at a Docker engine (or Podman's socket). See Runtime for the contract. */
export class DockerRuntime implements Runtime {
  readonly name = 'docker';
  readonly canPause = true;
  readonly isolation: Isolation;
  readonly #engine: Engine;
  readonly #options: DockerRuntimeOptions;
  readonly #names: Names;
  readonly #containers: Containers;
  readonly #volumes: Volumes;
  readonly #counts: VolumeCounts;
  readonly #images: Images;
  readonly #folders: Folders;
  readonly #creating = new Set<number>();
  /** Project of each container that was connected to: saves a question per connection. */
  readonly #projects = new Map<string, number>();

  constructor(engine: Engine, options: DockerRuntimeOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#names = namesOf(options.installation);
    this.#containers = new Containers(engine.docker, this.#names, options.dataDir);
    this.#volumes = new Volumes(engine.docker, this.#names);
    this.#counts = new VolumeCounts(engine.docker, this.#names.helperLabels);
    const own = { folder: options.imageFolder, baseImage: options.baseImage };
    this.#images = new Images(engine.docker, this.#names.helperLabels, own);
    const { helperLabels } = this.#names;
    this.#folders = new Folders({ engine, dataDir: options.dataDir, images: this.#images, helperLabels });
    const runtime = options.containerRuntime === null ? '' : ` (${options.containerRuntime})`;
    this.isolation = {
      level: 'container',
      description: `${engine.description}${runtime}: containers without network, capabilities or a writable root.`,
    };
  }

  /**
   * Removes what a killed orchestrator left half made or half removed: helpers, and socket folders without a
   * container. Before anything is made for this installation.
   */
  async sweep(): Promise<void> {
    await removeHelpers(this.#engine.docker, this.#names);
    const used = await this.#containers.projects();
    for (const projectId of await foldersIn(this.#options.dataDir))
      if (!used.has(projectId)) await this.#folders.remove(projectId);
  }

  async ensureImage(report: (line: string) => void, signal?: AbortSignal, image?: string): Promise<string> {
    const { key } = await this.#images.ensure(image ?? null, report, signal);
    return key;
  }

  removeUnused(signal = new AbortController().signal): Promise<string[]> {
    return this.#images.removeUnused(signal);
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<ContainerInfo> {
    const { projectId } = spec;
    const name = this.#names.container(projectId);
    if (this.#creating.has(projectId)) throw existsAlready(projectId);
    this.#creating.add(projectId);
    try {
      if ((await this.#containers.inspect(name)) !== null) throw existsAlready(projectId);
      return await this.#make(spec, signal).catch(async (error: unknown) => {
        // What it is made of was used by nobody for long, and somebody else removed it at this moment.
        if (statusOf(error) !== 404 && !(error instanceof AgentGone)) throw error;
        this.#images.forget();
        return await this.#make(spec, signal);
      });
    } finally {
      this.#creating.delete(projectId);
    }
  }

  /** Whatever was made is unmade again when a later step fails. */
  async #make(spec: ContainerSpec, signal?: AbortSignal): Promise<ContainerInfo> {
    const name = this.#names.container(spec.projectId);
    const image = await this.#images.ensure(spec.image ?? null, () => {}, signal);
    const madeVolume = await this.#volumes.ensure(spec.volume);
    this.#counts.begin(this.#names.volume(spec.volume));
    try {
      if (image.foreign !== null) await this.#fillHome(spec.volume);
      const folders = await this.#folders.make(spec.projectId);
      await this.#createContainer(spec, image, folders);
      if (signal?.aborted) throw new RoseError('CANCELLED', 'Cancelled while a container was made.');
      const info = await this.#containers.inspect(name);
      if (info === null) throw new RoseError('CONTAINER_FAILED', 'A new container was gone at once.');
      return info;
    } catch (error) {
      // 409: the name is another's container, made meanwhile. Failing here must not hide why the making failed.
      if (statusOf(error) !== 409) await this.#unmake(spec, madeVolume).catch(() => {});
      throw error;
    }
  }

  /**
   * A volume takes its owner and content from RoSE's own image, whatever image is used afterwards. One that holds
   * something stays as it is; one that is not new may be empty since an orchestrator was killed here.
   */
  async #fillHome(volume: string): Promise<void> {
    const own = await this.#images.ensure(null, () => {});
    await this.#volumes.fillFrom(own.id, volume, HOME);
  }

  async #unmake(spec: ContainerSpec, madeVolume: boolean): Promise<void> {
    await this.#containers.remove(this.#names.container(spec.projectId));
    await this.#folders.remove(spec.projectId);
    if (madeVolume) await this.#volumes.remove(spec.volume);
  }

  async #createContainer(spec: ContainerSpec, image: DevImage, folders: SocketFolders): Promise<void> {
    const { caBundle, containerRuntime } = this.#options;
    if (image.foreign !== null) await writeUsers(folders.in, image.foreign.users);
    const hostFolders = { in: this.#folders.hostPath(folders.in), out: this.#folders.hostPath(folders.out) };
    const parts = {
      names: this.#names,
      folders: hostFolders,
      caBundle: caBundle && this.#folders.hostPath(caBundle),
      containerRuntime,
    };
    const options = containerOptions(spec, { ...parts, image });
    await callEngine('make a container', CREATE_MS, (abortSignal) =>
      this.#engine.docker.createContainer({ ...options, abortSignal }),
    );
    // Now it is held, and cannot go any more.
    if (image.foreign !== null) await requireAgent(this.#engine.docker, image.foreign.agentVolume);
  }

  async refusedNetworks(signal = new AbortController().signal): Promise<string[]> {
    const { docker, own } = this.#engine;
    return own === null ? [] : networksOfHost(docker, own, this.#names.helperLabels, signal);
  }

  start(id: string, signal?: AbortSignal): Promise<void> {
    return this.#containers.start(id, signal);
  }

  pause(id: string): Promise<void> {
    return this.#containers.pause(id);
  }

  resume(id: string): Promise<void> {
    return this.#containers.resume(id);
  }

  stop(id: string, graceSeconds: number): Promise<void> {
    return this.#containers.stop(id, graceSeconds);
  }

  async remove(id: string): Promise<void> {
    const info = await this.#containers.inspect(id);
    if (info === null) return;
    await this.#containers.remove(id);
    this.#projects.delete(info.id);
    await this.#folders.remove(info.projectId);
  }

  async removeVolume(volume: string): Promise<void> {
    await this.#counts.end(this.#names.volume(volume));
    await this.#volumes.remove(volume);
  }

  inspect(id: string): Promise<ContainerInfo | null> {
    return this.#containers.inspect(id);
  }

  list(): Promise<ContainerInfo[]> {
    return this.#containers.list();
  }

  listVolumes(): Promise<{ volume: string; createdAt: Date }[]> {
    return this.#volumes.list();
  }

  /** Where volumes lie is the engine's affair, and a data directory of ours is mostly on the same disk. */
  get volumesFolder(): null {
    return null;
  }

  async diskUse(volume: string, signal?: AbortSignal): Promise<DiskAmounts> {
    const { id } = await this.#images.ensure(null, () => {});
    return await this.#counts.count(this.#names.volume(volume), id, signal);
  }

  watch(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return containerEvents(this.#engine.docker, this.#names, signal);
  }

  async stats(id: string): Promise<ContainerStats> {
    await this.#projectOf(id);
    const container = this.#engine.docker.getContainer(id);
    // One sample: the engine would take two seconds for the second.
    const found = await callEngine('measure a container', READ_MS, () =>
      container.stats({ stream: false, 'one-shot': true }),
    );
    return containerStats(found);
  }

  async logs(id: string): Promise<string> {
    await this.#projectOf(id);
    const container = this.#engine.docker.getContainer(id);
    const frames = await callEngine('read the log of a container', READ_MS, (abortSignal) =>
      container.logs({ stdout: true, stderr: true, follow: false, tail: LOG_LINES, abortSignal }),
    );
    return logText(frames);
  }

  async connect(id: string): Promise<Socket> {
    return connectToSocket(foldersOf(this.#options.dataDir, await this.#projectOf(id)).agentSocket);
  }

  async #projectOf(id: string): Promise<number> {
    const known = this.#projects.get(id);
    if (known !== undefined) return known;
    const info = await this.#containers.inspect(id);
    if (info === null) throw notFound('container');
    this.#projects.set(info.id, info.projectId);
    return info.projectId;
  }

  /** Containers go on; whoever shuts down stops them first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#projects.clear();
  }
}

function existsAlready(projectId: number): RoseError<'CONTAINER_FAILED'> {
  return new RoseError('CONTAINER_FAILED', `Project ${projectId} has a dev container already.`);
}

/** In a folder that the container cannot write. */
async function writeUsers(folder: string, users: Users): Promise<void> {
  for (const name of Object.keys(USER_FILES) as (keyof Users)[]) await writeFile(path.join(folder, name), users[name]);
}
