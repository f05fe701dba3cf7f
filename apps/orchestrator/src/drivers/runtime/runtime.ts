import type { Socket } from 'node:net';

/**
 * What runs dev containers. Every implementation passes the one suite in
 * `runtime.suite.ts`; what a comment here says, the suite checks.
 *
 * Every method settles within its deadline, throws only RoseError
 * (CONTAINER_FAILED, RUNTIME_UNAVAILABLE, NOT_FOUND, NO_SPACE, CANCELLED), and is safe to repeat:
 * starting what runs, stopping what is stopped and removing what is gone succeed.
 */
export interface Runtime extends AsyncDisposable {
  readonly name: 'docker' | 'process';
  /** Whether pause really freezes the processes. */
  readonly canPause: boolean;
  /** How well containers are isolated; said at start, in /readyz and in the UI. */
  readonly isolation: Isolation;
  /** A folder of this machine on the file system that volumes lie on; null where they lie elsewhere. */
  readonly volumesFolder: string | null;

  /**
   * Builds, pulls or finds what `create` needs (the image, the agent bundle). Concurrent calls share one build.
   * @param image as ContainerSpec.image
   * @returns the `agentBuild` of containers that are made of it
   */
  ensureImage(report: (line: string) => void, signal?: AbortSignal, image?: string): Promise<string>;

  /**
   * Removes what earlier builds of RoSE left (images, volumes with the agent), once nobody has used it for seven days:
   * no container of anybody, and no installation that shares the engine. Nothing that others made.
   * @returns the names of what was removed
   */
  removeUnused(signal?: AbortSignal): Promise<string[]>;

  /**
   * Makes a container, not started, and its volume if that does not exist yet.
   * All or nothing: when it throws, no container is left; an existing volume is never touched.
   * A container of the same project that exists already is an error: the caller removes it first.
   */
  create(spec: ContainerSpec, signal?: AbortSignal): Promise<ContainerInfo>;
  /** Returns when the processes run; the agent may still be starting (see drivers/agent). */
  start(id: string, signal?: AbortSignal): Promise<void>;
  /** Freezes all processes; memory stays. */
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** SIGTERM to the agent, SIGKILL to what is left after `graceSeconds`; also for a paused container. */
  stop(id: string, graceSeconds: number): Promise<void>;
  /** Removes the container, running or not. The volume stays. */
  remove(id: string): Promise<void>;
  /** Removes a volume that no container uses; with it all that was never saved. */
  removeVolume(volume: string): Promise<void>;

  /** null when there is no such container. */
  inspect(id: string): Promise<ContainerInfo | null>;
  /** All containers of this installation, running or not, and no others. */
  list(): Promise<ContainerInfo[]>;
  /** All volumes of this installation, with the time they were made. */
  listVolumes(): Promise<{ volume: string; createdAt: Date }[]>;
  /** Ends when `signal` aborts. Events may be missed while the engine is away: reconcile finds those. */
  watch(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  stats(id: string): Promise<ContainerStats>;
  /**
   * What a volume takes of its disk, also what a container has closed to itself. Walks all its files; nothing
   * that a container wrote takes part in the counting.
   */
  diskUse(volume: string, signal?: AbortSignal): Promise<DiskAmounts>;
  /** The last lines that the container's first process wrote, at most 64 KiB. */
  logs(id: string): Promise<string>;

  /**
   * Addresses and networks (address/prefix) that no container may reach beside the addresses of this process's
   * own interfaces: those of the host and of the neighbours, where the orchestrator is in a container itself.
   */
  refusedNetworks(signal?: AbortSignal): Promise<string[]>;

  /**
   * A new connection to the agent of a running container. Never follows a link that the
   * container put in the socket's place: anything but a socket throws AGENT_UNAVAILABLE.
   */
  connect(id: string): Promise<Socket>;
}

export interface ContainerSpec {
  projectId: number;
  /** A container image instead of RoSE's own; a runtime without images refuses it. */
  image?: string;
  /** Name of the volume mounted at /home/dev. */
  volume: string;
  /** Shared secret of this container's agent; sent as the header x-rose-secret. */
  secret: string;
  limits: { memoryMiB: number; cpus: number; pids: number };
  /** Added to the environment of commands and terminals, not to the agent's own (see COMMAND_VARIABLE). */
  environment: Record<string, string>;
}

export interface ContainerInfo {
  id: string;
  projectId: number;
  status: 'created' | 'running' | 'paused' | 'exited';
  volume: string;
  /** Host path of the unix socket on which the egress proxy of this container must listen. */
  egressSocket: string;
  /** Key of the agent build that the container runs. */
  agentBuild: string;
  startedAt: Date | null;
  exitCode: number | null;
}

export interface RuntimeEvent {
  id: string;
  projectId: number;
  kind: 'started' | 'exited' | 'paused' | 'resumed' | 'removed';
}

export interface ContainerStats {
  memoryBytes: number;
  memoryLimitBytes: number;
  /** CPU time used since the start, seconds. */
  cpuSeconds: number;
  pids: number;
}

/** Of the two things that files take, and of which a file system has so many and no more. */
export interface DiskAmounts {
  bytes: number;
  /** Whatever has an inode of its own: directories and links too, a file of many names once. */
  files: number;
}

export interface Isolation {
  level: 'container' | 'sandbox' | 'none';
  /** One sentence for people. */
  description: string;
}
