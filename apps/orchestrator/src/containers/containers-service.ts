import { RoseError } from '@rose/contract';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { ContainerInfo, Runtime } from '../drivers/runtime/runtime.ts';
import { Activity } from './activity.ts';
import type { Awake, ContainersOptions, ContainerStatus } from './containers-options.ts';
import type { ContainerRow } from './containers-repository.ts';
import type { WorkspaceKeeper } from './keeper.ts';
import { Launcher } from './launcher.ts';
import { Locks } from './locks.ts';
import { shutDown } from './shut-down.ts';

const STOP_GRACE_SECONDS = 5;
const SHUT_DOWN_GRACE_SECONDS = 1; // RoSE itself has 10 s to end.

/** The life of dev containers: at most one a project, made when it is needed. */
export class ContainersService implements AsyncDisposable {
  readonly #options: ContainersOptions;
  readonly #lifecycle = new Locks();
  readonly #awake = new Map<number, Awake>();
  readonly #launcher: Launcher;
  readonly #closing = new AbortController();
  readonly activity = new Activity();
  #keeper: WorkspaceKeeper | null = null;

  constructor(options: ContainersOptions) {
    this.#options = options;
    this.#launcher = new Launcher(options);
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
    const waked = this.#awake.get(projectId);
    if (waked === undefined) return await this.#restore(await this.#options.repository.living(projectId));
    if (waked.isPaused) await this.#resume(projectId, waked);
    return waked.agent;
  }

  /** Takes over a container that an earlier orchestrator left running, unless it was used or has gone meanwhile. */
  async adopt(projectId: number, containerId: string): Promise<void> {
    using _ = await this.#lifecycle.hold(projectId);
    const project = await this.#options.repository.living(projectId);
    if (!this.#awake.has(projectId) && project.containerId === containerId) await this.#restore(project);
  }

  /**
   * Wakes a project whose workspace cannot be restored: `rescue` fills it instead. Nobody else sees the workspace
   * before; when that fails the project needs attention as before.
   */
  async rescue<T>(projectId: number, rescue: (agent: AgentConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { repository } = this.#options;
    this.activity.touch(projectId);
    using _ = await this.#lifecycle.hold(projectId, signal);
    const awake = this.#awake.get(projectId);
    if (awake?.isPaused === true) await this.#resume(projectId, awake);
    if (awake !== undefined) return await rescue(awake.agent);
    const project = await repository.living(projectId);
    try {
      const { outcome } = await this.#start(project, rescue);
      return outcome;
    } catch (error) {
      const reason = project.stateReason ?? (error instanceof Error ? error.message : String(error));
      await repository.setState(projectId, 'needs-attention', reason);
      throw error;
    }
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

  async #restore(project: ContainerRow): Promise<AgentConnection> {
    const { agent } = await this.#start(project, (unfilled) => this.#keeper!.restore(project, unfilled));
    return agent;
  }

  /** Brings a container up; it counts as awake once `fill` made its workspace what it should be. */
  async #start<T>(
    project: ContainerRow,
    fill: (agent: AgentConnection) => Promise<T>,
  ): Promise<{ agent: AgentConnection; outcome: T }> {
    const { repository, log } = this.#options;
    const { signal } = this.#closing;
    signal.throwIfAborted();
    await repository.setState(project.id, 'starting');
    let agent: AgentConnection | null = null;
    try {
      const container = await this.#launcher.launch(project, signal);
      agent = await this.#launcher.connect(container, project);
      const outcome = await fill(agent);
      await repository.setState(project.id, 'running');
      this.#awake.set(project.id, { containerId: container.id, agent, isPaused: false });
      return { agent, outcome };
    } catch (error) {
      await agent?.[Symbol.asyncDispose]();
      log.warn({ projectId: project.id, err: error }, 'a dev container did not start');
      await this.#discard(project.id);
      const before = project.baseVersion === null && project.state === 'absent' ? 'absent' : 'asleep';
      const isDamage = error instanceof RoseError && (error.code === 'NEEDS_ATTENTION' || error.code === 'DAMAGED');
      if (isDamage) await repository.setState(project.id, 'needs-attention', error.message);
      else await repository.setState(project.id, before);
      throw error;
    }
  }

  /**
   * Keeps unsaved work, then stops; with `idleMs` only what nobody used for so long.
   * @throws RoseError when the work cannot be kept: then it runs on.
   */
  async stop(projectId: number, idleMs = 0): Promise<void> {
    using _deed = await this.#options.deeds.hold(projectId);
    using _ = await this.#lifecycle.hold(projectId);
    if (idleMs > 0 && this.activity.idleMs(projectId) < idleMs) return;
    await this.#stop(await this.#options.repository.get(projectId));
  }

  async #stop(project: ContainerRow): Promise<void> {
    const { repository } = this.#options;
    if (project.containerId === null) return;
    // One that runs though this orchestrator has not used it yet is waked first, so that its work is kept.
    if (!this.#awake.has(project.id) && (await this.#isRunning(project.containerId))) await this.#restore(project);
    const awake = this.#awake.get(project.id);
    if (awake !== undefined) {
      if (awake.isPaused) await this.#resume(project.id, awake);
      await repository.setState(project.id, 'stopping');
      try {
        await this.#keeper!.checkpoint(project, awake.agent, { isHasty: false });
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

  /**
   * Keeps unsaved work, removes container and volume, and does `last` before anybody can wake the project again.
   * A volume whose work cannot be kept stays, unless there is none to keep.
   */
  async remove<T>(projectId: number, hasWork: boolean, last: () => Promise<T>): Promise<T> {
    const { repository, runtime, deeds } = this.#options;
    using _deed = await deeds.hold(projectId);
    using _ = await this.#lifecycle.hold(projectId);
    const project = await repository.get(projectId);
    if (!hasWork) await this.#discard(projectId);
    if (hasWork && !(await this.#isKept(project))) return await last();
    await runtime.removeVolume(project.workspacePath);
    await repository.setBase(projectId, null);
    await repository.setState(projectId, 'absent');
    return await last();
  }

  /** Stops a project for good. @returns whether its volume holds nothing that is not in a version */
  async #isKept(project: ContainerRow): Promise<boolean> {
    const { repository, log } = this.#options;
    try {
      // One that ended by itself left its work in the volume.
      if (project.containerId === null && project.state !== 'absent') await this.#restore(project);
      await this.#stop(await repository.get(project.id));
      return true;
    } catch (err) {
      log.warn({ projectId: project.id, err }, 'unsaved work cannot be kept as a checkpoint; its volume stays');
      await this.#discard(project.id);
      await repository.setState(project.id, 'asleep');
      return false;
    }
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

  /** Whether the container of a project that is awake still runs; forgets it when it ended and nobody told. */
  async look(projectId: number): Promise<boolean> {
    const awake = this.#awake.get(projectId);
    if (awake === undefined) return false;
    if (await this.#isRunning(awake.containerId)) return true;
    await this.ended(projectId, awake.containerId);
    return false;
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

  /** Keeps unsaved work as far as there is time, then ends every container. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new RoseError('STOPPING', 'RoSE is stopping.'));
    await shutDown({
      ...this.#options,
      awake: this.awake(),
      keep: (projectId, signal) => this.#keep(projectId, signal),
      end: (container) => this.#end(container),
    });
  }

  async #keep(projectId: number, signal: AbortSignal): Promise<void> {
    using _deed = await this.#options.deeds.hold(projectId, signal);
    using _ = await this.#lifecycle.hold(projectId, signal);
    const awake = this.#awake.get(projectId);
    if (awake === undefined) return;
    if (awake.isPaused) await this.#resume(projectId, awake);
    const project = await this.#options.repository.get(projectId);
    await this.#keeper!.checkpoint(project, awake.agent, { isHasty: true });
  }

  async #end({ id, projectId }: ContainerInfo): Promise<void> {
    const { repository, runtime, egress } = this.#options;
    const awake = this.#awake.get(projectId);
    this.#awake.delete(projectId);
    await awake?.agent[Symbol.asyncDispose]();
    await runtime.stop(id, SHUT_DOWN_GRACE_SECONDS);
    await runtime.remove(id);
    await egress.close(projectId);
    await repository.setContainer(projectId, null);
    await repository.setState(projectId, 'asleep');
  }
}
