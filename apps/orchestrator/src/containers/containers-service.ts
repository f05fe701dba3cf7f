import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { Runtime } from '../drivers/runtime/runtime.ts';
import { Activity } from './activity.ts';
import { AwakeContainers } from './awake.ts';
import { Caretaker, isAlive } from './caretaker.ts';
import type { ContainersOptions, ContainerStatus } from './containers-options.ts';
import type { ContainerRow } from './containers-repository.ts';
import type { WorkspaceKeeper } from './keeper.ts';
import { DevContainers } from './dev-containers.ts';
import { Launcher } from './launcher.ts';
import { Locks } from './locks.ts';
import { PostCreates } from './post-create.ts';
import { shutDown } from './shut-down.ts';
import { Starter } from './starter.ts';
import { StartLines } from './start-lines.ts';
import { Stopper } from './stopper.ts';

/** The life of dev containers: at most one a project, made when it is needed. */
export class ContainersService implements AsyncDisposable {
  readonly #options: ContainersOptions;
  /**
   * Whoever changes a project's container takes its turn here and nowhere else: with several orchestrators, where
   * the project's lease is asked for.
   */
  readonly #turns = new Locks();
  readonly #awake = new AwakeContainers();
  readonly #starter: Starter;
  readonly #stopper: Stopper;
  readonly #postCreates: PostCreates;
  readonly activity = new Activity();
  readonly startLines = new StartLines();
  readonly care: Caretaker;
  #keeper: WorkspaceKeeper | null = null;

  constructor(options: ContainersOptions) {
    this.#options = options;
    const shared = { ...options, awake: this.#awake };
    const stopper = new Stopper({ ...shared, activity: this.activity });
    this.#stopper = stopper;
    const told = { ...options, lines: this.startLines };
    this.#postCreates = new PostCreates({ ...told, activity: this.activity });
    const launcher = new Launcher(told);
    const parts = { launcher, stopper, devContainers: new DevContainers(told), postCreates: this.#postCreates };
    this.#starter = new Starter({ ...shared, ...parts, lines: this.startLines });
    const restore = (project: ContainerRow): Promise<unknown> => this.#restore(project);
    this.care = new Caretaker({ ...shared, turns: this.#turns, stopper, restore });
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
    const agent = await this.wakeQuietly(projectId, signal);
    return this.#awake.get(projectId)?.isStale === true ? await this.#renew(projectId, signal) : agent;
  }

  /** Replaces a container whose agent an earlier RoSE had built. */
  async #renew(projectId: number, signal?: AbortSignal): Promise<AgentConnection> {
    const { repository, states, log } = this.#options;
    using _ = await this.#turns.hold(projectId, signal);
    const awake = this.#awake.get(projectId);
    if (awake?.isStale === true) {
      if (awake.isPaused) await this.#starter.resume(projectId, awake);
      await states.become(projectId, 'stopping');
      try {
        await this.#keeper!.checkpoint(await repository.get(projectId), awake.agent, { isHasty: false });
      } catch (err) {
        // The two may not understand each other any more. The volume keeps the work all the same.
        log.warn({ projectId, err }, 'an agent of an earlier build kept no checkpoint');
      }
      await this.#stopper.discard(projectId);
      this.activity.touch(projectId);
    }
    return this.#awake.get(projectId)?.agent ?? (await this.#restore(await repository.living(projectId)));
  }

  /** `wake` that does not count as a use of the project. */
  async wakeQuietly(projectId: number, signal?: AbortSignal): Promise<AgentConnection> {
    const awake = this.#awake.get(projectId);
    if (awake !== undefined && !awake.isPaused) return awake.agent;
    using _ = await this.#turns.hold(projectId, signal);
    const waked = this.#awake.get(projectId);
    if (waked === undefined) return await this.#restore(await this.#options.repository.living(projectId));
    if (waked.isPaused) await this.#starter.resume(projectId, waked);
    return waked.agent;
  }

  /**
   * Wakes a project whose workspace cannot be restored: `rescue` fills it instead. Nobody else sees the workspace
   * before; when that fails the project needs attention as before.
   */
  async rescue<T>(projectId: number, rescue: (agent: AgentConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { repository, states } = this.#options;
    this.activity.touch(projectId);
    using _ = await this.#turns.hold(projectId, signal);
    const awake = this.#awake.get(projectId);
    if (awake?.isPaused === true) await this.#starter.resume(projectId, awake);
    if (awake !== undefined) return await rescue(awake.agent);
    const project = await repository.living(projectId);
    try {
      const { outcome } = await this.#starter.start(project, rescue);
      return outcome;
    } catch (error) {
      const reason = project.stateReason ?? (error instanceof Error ? error.message : String(error));
      await states.become(projectId, 'needs-attention', reason);
      throw error;
    }
  }

  /** Freezes a container that nobody used for `idleMs`; the next call resumes it. Does nothing where the runtime cannot. */
  async pause(projectId: number, idleMs: number): Promise<void> {
    const { states, runtime, deeds } = this.#options;
    if (!runtime.canPause) return;
    using _deed = await deeds.hold(projectId);
    using _ = await this.#turns.hold(projectId);
    const awake = this.#awake.get(projectId);
    if (awake === undefined || awake.isPaused || this.activity.idleMs(projectId) < idleMs) return;
    awake.isPaused = true;
    await runtime.pause(awake.containerId);
    await states.become(projectId, 'paused');
  }

  /** @throws RoseError NOT_FOUND */
  async project(projectId: number): Promise<ContainerRow> {
    return await this.#options.repository.get(projectId);
  }

  /** Projects whose container runs or is paused. */
  awake(): number[] {
    return this.#awake.projects();
  }

  isPaused(projectId: number): boolean {
    return this.#awake.get(projectId)?.isPaused ?? false;
  }

  /**
   * Keeps unsaved work, then stops; with `idleMs` only what nobody used for so long.
   * @throws RoseError when the work cannot be kept: then it runs on.
   */
  async stop(projectId: number, idleMs = 0): Promise<void> {
    using _deed = await this.#options.deeds.hold(projectId);
    using _ = await this.#turns.hold(projectId);
    if (idleMs > 0 && this.activity.idleMs(projectId) < idleMs) return;
    await this.#stop(await this.#options.repository.get(projectId));
  }

  async #stop(project: ContainerRow): Promise<void> {
    const { states, runtime } = this.#options;
    if (project.containerId === null) return;
    // One that runs though this orchestrator has not used it yet is waked first, so that its work is kept.
    if (this.#awake.get(project.id) === undefined && isAlive(await runtime.inspect(project.containerId)))
      await this.#restore(project);
    const awake = this.#awake.get(project.id);
    if (awake !== undefined) {
      if (awake.isPaused) await this.#starter.resume(project.id, awake);
      await states.become(project.id, 'stopping');
      try {
        await this.#keeper!.checkpoint(project, awake.agent, { isHasty: false });
      } catch (error) {
        await states.become(project.id, 'running');
        throw error;
      }
    }
    await this.#stopper.discard(project.id);
    await states.become(project.id, 'asleep');
  }

  /**
   * Ends all that runs in a container and starts it anew, also one whose agent hangs. The workspace stays as it is, in
   * its volume.
   * @throws RoseError as `wake`
   */
  async restart(projectId: number, signal?: AbortSignal): Promise<void> {
    const { repository, states, deeds } = this.#options;
    using _deed = await deeds.hold(projectId, signal);
    using _ = await this.#turns.hold(projectId, signal);
    const project = await repository.living(projectId);
    if (project.containerId !== null) {
      await states.become(projectId, 'stopping');
      await this.#stopper.discard(projectId);
    }
    this.activity.touch(projectId);
    await this.#restore(await repository.living(projectId));
  }

  /** Ends a container at once, for a reason that people are told. Nothing is saved, and nothing is lost: the volume stays. */
  async halt(projectId: number, reason: string): Promise<void> {
    using _ = await this.#turns.hold(projectId);
    if (this.#awake.get(projectId) === undefined) return;
    await this.#stopper.discard(projectId);
    await this.#options.states.become(projectId, 'asleep', reason);
  }

  /**
   * Keeps unsaved work, removes container and volume, and does `last` before anybody can wake the project again.
   * A volume whose work cannot be kept stays, unless there is none to keep.
   */
  async remove<T>(projectId: number, hasWork: boolean, last: () => Promise<T>): Promise<T> {
    const { repository, runtime, states, deeds } = this.#options;
    using _deed = await deeds.hold(projectId);
    using _ = await this.#turns.hold(projectId);
    const project = await repository.get(projectId);
    if (!hasWork) await this.#stopper.discard(projectId);
    if (!hasWork || (await this.#isKept(project))) {
      await runtime.removeVolume(project.workspacePath);
      await repository.setBase(projectId, null);
      await states.become(projectId, 'absent');
    }
    const done = await last();
    await states.repeat(projectId);
    return done;
  }

  /** Stops a project for good. @returns whether its volume holds nothing that is not in a version */
  async #isKept(project: ContainerRow): Promise<boolean> {
    const { repository, states, log } = this.#options;
    try {
      // One that ended by itself left its work in the volume.
      if (project.containerId === null && project.state !== 'absent') await this.#restore(project);
      await this.#stop(await repository.get(project.id));
      return true;
    } catch (err) {
      log.warn({ projectId: project.id, err }, 'unsaved work cannot be kept as a checkpoint; its volume stays');
      await this.#stopper.discard(project.id);
      await states.become(project.id, 'asleep');
      return false;
    }
  }

  async #restore(project: ContainerRow): Promise<AgentConnection> {
    const { agent } = await this.#starter.start(project, (unfilled) => this.#keeper!.restore(project, unfilled));
    return agent;
  }

  async status(projectId: number): Promise<ContainerStatus> {
    const { repository, runtime } = this.#options;
    const { state, stateReason, devContainer } = await repository.get(projectId);
    const postCreate = this.#postCreates.get(projectId);
    return { state, stateReason, runtime: runtime.name, isolation: runtime.isolation, devContainer, postCreate };
  }

  /** Keeps unsaved work as far as there is time, then ends every container. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#starter.close();
    await shutDown({
      ...this.#options,
      awake: this.awake(),
      keep: (projectId, signal) => this.#keep(projectId, signal),
      end: (container) => this.#stopper.end(container),
    });
  }

  async #keep(projectId: number, signal: AbortSignal): Promise<void> {
    const { repository, deeds } = this.#options;
    using _deed = await deeds.hold(projectId, signal);
    using _ = await this.#turns.hold(projectId, signal);
    const awake = this.#awake.get(projectId);
    if (awake === undefined) return;
    if (awake.isPaused) await this.#starter.resume(projectId, awake);
    await this.#keeper!.checkpoint(await repository.get(projectId), awake.agent, { isHasty: true });
  }
}
