import { createHmac } from 'node:crypto';
import { RoseError, type ProjectSettings, type ProjectState } from '@rose/contract';
import type { Logger } from 'pino';
import { AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { ContainerInfo, Isolation, Runtime } from '../drivers/runtime/runtime.ts';
import type { EgressPolicy } from '../egress/rules.ts';
import type { EgressProxy } from '../egress/supervisor.ts';
import { Activity } from './activity.ts';
import type { ContainerRow, ContainersRepository } from './containers-repository.ts';
import { Locks } from './locks.ts';
import { untilReady } from './ready.ts';

/** What must happen to a workspace around the life of its container; the versions room does it. */
export interface WorkspaceKeeper {
  /**
   * Brings a workspace that just came up to what the project says it is: settles a load that
   * was under way, fills an empty volume.
   * @throws RoseError NEEDS_ATTENTION when that is impossible; the container is stopped then.
   */
  restore(project: ContainerRow, agent: AgentConnection): Promise<void>;
  /** Keeps unsaved work as a checkpoint. */
  checkpoint(project: ContainerRow, agent: AgentConnection): Promise<void>;
}

export interface ContainersOptions {
  repository: ContainersRepository;
  runtime: Runtime;
  egress: Pick<EgressProxy, 'listen' | 'close'>;
  settingsOf: (projectId: number) => Promise<ProjectSettings>;
  /** Secrets of agents are derived from it. */
  secretKey: Uint8Array;
  /** One deed at a time per project, shared with the versions room. */
  deeds: Locks;
  log: Logger;
}

interface Awake {
  containerId: string;
  agent: AgentConnection;
  isPaused: boolean;
}

export interface ContainerStatus {
  state: ProjectState;
  stateReason: string | null;
  runtime: 'docker' | 'process';
  isolation: Isolation;
}

const STOP_GRACE_SECONDS = 5;

/** The life of dev containers: at most one a project, made when it is needed. */
export class ContainersService implements AsyncDisposable {
  readonly #options: ContainersOptions;
  readonly #lifecycle = new Locks();
  readonly #awake = new Map<number, Awake>();
  readonly activity = new Activity();
  #keeper: WorkspaceKeeper | null = null;

  constructor(options: ContainersOptions) {
    this.#options = options;
  }

  /** The versions room needs containers and containers need it: it is named after both are made. */
  set keeper(keeper: WorkspaceKeeper) {
    this.#keeper = keeper;
  }

  get runtime(): Runtime {
    return this.#options.runtime;
  }

  /**
   * The agent of a project, its container created, started or resumed if need be.
   * @throws RoseError NOT_FOUND, NEEDS_ATTENTION, CONTAINER_FAILED, RUNTIME_UNAVAILABLE
   */
  async wake(projectId: number, signal?: AbortSignal): Promise<AgentConnection> {
    this.activity.touch(projectId);
    return await this.wakeQuietly(projectId, signal);
  }

  /** `wake` that does not count as a use of the project. */
  async wakeQuietly(projectId: number, signal?: AbortSignal): Promise<AgentConnection> {
    const awake = this.#awake.get(projectId);
    if (awake !== undefined && !awake.isPaused) return awake.agent;
    using _ = await this.#lifecycle.hold(projectId, signal);
    const { repository } = this.#options;
    const waked = this.#awake.get(projectId);
    if (waked === undefined) return await this.#start(await repository.get(projectId));
    if (waked.isPaused) await this.#resume(projectId, waked);
    return waked.agent;
  }

  async #resume(projectId: number, awake: Awake): Promise<void> {
    const { repository, runtime } = this.#options;
    await runtime.resume(awake.containerId);
    awake.isPaused = false;
    await repository.setState(projectId, 'running');
  }

  /** Freezes a container that nobody used for `idleMs`; the next call resumes it. Does nothing where the runtime cannot. */
  async pause(projectId: number, idleMs: number): Promise<void> {
    const { repository, runtime } = this.#options;
    if (!runtime.canPause) return;
    using _deed = await this.#options.deeds.hold(projectId);
    using _ = await this.#lifecycle.hold(projectId);
    const awake = this.#awake.get(projectId);
    if (awake === undefined || awake.isPaused || this.activity.idleMs(projectId) < idleMs) return;
    awake.isPaused = true;
    await runtime.pause(awake.containerId);
    await repository.setState(projectId, 'paused');
  }

  /** @throws RoseError NOT_FOUND */
  async project(projectId: number): Promise<ContainerRow> {
    return await this.#options.repository.get(projectId);
  }

  /** Projects whose container runs or is paused. */
  awake(): number[] {
    return [...this.#awake.keys()];
  }

  isPaused(projectId: number): boolean {
    return this.#awake.get(projectId)?.isPaused ?? false;
  }

  async #start(project: ContainerRow): Promise<AgentConnection> {
    const { repository, log } = this.#options;
    await repository.setState(project.id, 'starting');
    let agent: AgentConnection | null = null;
    try {
      const container = await this.#container(project);
      agent = await this.#connect(container, project);
      await this.#keeper!.restore(project, agent);
      await repository.setState(project.id, 'running');
      this.#awake.set(project.id, { containerId: container.id, agent, isPaused: false });
      return agent;
    } catch (error) {
      await agent?.[Symbol.asyncDispose]();
      log.warn({ projectId: project.id, err: error }, 'a dev container did not start');
      await this.#discard(project.id);
      const needsAttention =
        error instanceof RoseError && (error.code === 'NEEDS_ATTENTION' || error.code === 'DAMAGED');
      if (needsAttention) await repository.setState(project.id, 'needs-attention', (error as RoseError).message);
      else
        await repository.setState(
          project.id,
          project.baseVersion === null && project.state === 'absent' ? 'absent' : 'asleep',
        );
      throw error;
    }
  }

  /** The running container of a project: the one there is, or a new one. */
  async #container(project: ContainerRow): Promise<ContainerInfo> {
    const { runtime, repository, settingsOf, egress } = this.#options;
    await runtime.ensureImage(() => {});
    const existing = project.containerId === null ? null : await runtime.inspect(project.containerId);
    if (existing?.status === 'running' || existing?.status === 'paused') {
      if (existing.status === 'paused') await runtime.resume(existing.id);
      await this.#openEgress(existing, await settingsOf(project.id));
      return existing;
    }
    if (existing !== null) await runtime.remove(existing.id);
    const settings = await settingsOf(project.id);
    await this.#noticeLostVolume(project);
    const { memoryMiB, cpus, pids, environment } = settings;
    const container = await runtime.create({
      projectId: project.id,
      volume: project.workspacePath,
      secret: this.#secretOf(project),
      limits: { memoryMiB, cpus, pids },
      environment,
    });
    await repository.setContainer(project.id, container.id, runtime.name);
    await egress.listen(project.id, container.egressSocket, policyOf(settings));
    await runtime.start(container.id);
    return container;
  }

  async #openEgress(container: ContainerInfo, settings: ProjectSettings): Promise<void> {
    await this.#options.egress.listen(container.projectId, container.egressSocket, policyOf(settings));
  }

  /** A volume that is gone derives from no version any more: it will be filled from the active one. */
  async #noticeLostVolume(project: ContainerRow): Promise<void> {
    if (project.baseVersion === null) return;
    const volumes = await this.#options.runtime.listVolumes();
    if (volumes.some(({ volume }) => volume === project.workspacePath)) return;
    project.baseVersion = null;
    await this.#options.repository.setBase(project.id, null);
  }

  async #connect(container: ContainerInfo, project: ContainerRow): Promise<AgentConnection> {
    const { runtime } = this.#options;
    const agent = new AgentConnection(() => runtime.connect(container.id), this.#secretOf(project));
    try {
      await untilReady(agent, runtime, container.id);
      return agent;
    } catch (error) {
      await agent[Symbol.asyncDispose]();
      throw error;
    }
  }

  #secretOf(project: ContainerRow): string {
    return createHmac('sha256', this.#options.secretKey)
      .update(`agent:${project.id}:${project.workspacePath}`)
      .digest('base64url');
  }

  /** Keeps unsaved work, then stops. @throws RoseError when the work cannot be kept: then it runs on. */
  async stop(projectId: number): Promise<void> {
    using _deed = await this.#options.deeds.hold(projectId);
    using _ = await this.#lifecycle.hold(projectId);
    await this.#stop(await this.#options.repository.get(projectId));
  }

  async #stop(project: ContainerRow): Promise<void> {
    const { repository } = this.#options;
    if (project.containerId === null) return;
    // One that runs though this orchestrator has not used it yet is waked first, so that its work is kept.
    if (!this.#awake.has(project.id) && (await this.#isRunning(project.containerId))) await this.#start(project);
    const awake = this.#awake.get(project.id);
    if (awake !== undefined) {
      if (awake.isPaused) await this.#resume(project.id, awake);
      await repository.setState(project.id, 'stopping');
      try {
        await this.#keeper!.checkpoint(project, awake.agent);
      } catch (error) {
        await repository.setState(project.id, 'running');
        throw error;
      }
    }
    await this.#discard(project.id);
    await repository.setState(project.id, 'asleep');
  }

  async #isRunning(containerId: string): Promise<boolean> {
    const info = await this.#options.runtime.inspect(containerId);
    return info?.status === 'running' || info?.status === 'paused';
  }

  /** Keeps unsaved work, then removes container and volume. */
  async remove(projectId: number): Promise<void> {
    const { repository, runtime, deeds } = this.#options;
    using _deed = await deeds.hold(projectId);
    using _ = await this.#lifecycle.hold(projectId);
    const project = await repository.get(projectId);
    await this.#stop(project);
    await runtime.removeVolume(project.workspacePath);
    await repository.setBase(projectId, null);
    await repository.setState(projectId, 'absent');
  }

  /** Removes the container of a project; the volume stays. */
  async #discard(projectId: number): Promise<void> {
    const { repository, runtime, egress, log } = this.#options;
    const awake = this.#awake.get(projectId);
    this.#awake.delete(projectId);
    this.activity.forget(projectId);
    await awake?.agent[Symbol.asyncDispose]();
    const { containerId } = await repository.get(projectId);
    try {
      await egress.close(projectId);
      if (containerId !== null) {
        await runtime.stop(containerId, STOP_GRACE_SECONDS);
        await runtime.remove(containerId);
      }
      await repository.setContainer(projectId, null);
    } catch (error) {
      log.error({ projectId, err: error }, 'a dev container could not be removed; reconcile tries again');
    }
  }

  /** Forgets a container that ended by itself. */
  async ended(projectId: number, containerId: string): Promise<void> {
    if (this.#awake.get(projectId)?.containerId !== containerId) return;
    using _ = await this.#lifecycle.hold(projectId);
    if (this.#awake.get(projectId)?.containerId !== containerId) return;
    await this.#discard(projectId);
    await this.#options.repository.setState(projectId, 'asleep');
  }

  async status(projectId: number): Promise<ContainerStatus> {
    const { repository, runtime } = this.#options;
    const { state, stateReason } = await repository.get(projectId);
    return { state, stateReason, runtime: runtime.name, isolation: runtime.isolation };
  }

  /** Leaves every container as it is: the next start adopts them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#awake.values()].map(({ agent }) => agent[Symbol.asyncDispose]()));
    this.#awake.clear();
  }
}

function policyOf(settings: ProjectSettings): EgressPolicy {
  return { mode: settings.egress, allow: settings.egressAllow };
}
