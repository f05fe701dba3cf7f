import { createHmac } from 'node:crypto';
import { RoseError, type ProjectSettings } from '@rose/contract';
import { AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { ContainerInfo, Runtime } from '../drivers/runtime/runtime.ts';
import { registryOf } from '../egress/registry.ts';
import { Refused, type EgressPolicy } from '../egress/rules.ts';
import type { EgressProxy } from '../egress/supervisor.ts';
import type { AllowedImages } from './allowed-images.ts';
import type { ContainerRow, ContainersRepository } from './containers-repository.ts';
import { imageRefused } from './dev-containers.ts';
import { untilReady } from './ready.ts';
import type { StartLines } from './start-lines.ts';
import { wishOf, type Wish } from './wish.ts';

/** Nobody has worked in it yet. */
const REPLACE_GRACE_SECONDS = 2;

/** A setting is its owner's word, not that of code in the workspace. */
const ANY_PUBLIC: EgressPolicy = { mode: 'public', allow: [] };

export interface LauncherOptions {
  repository: ContainersRepository;
  runtime: Runtime;
  egress: Pick<EgressProxy, 'listen' | 'close' | 'requireReach'>;
  settingsOf: (projectId: number) => Promise<ProjectSettings>;
  images: Pick<AllowedImages, 'refusal'>;
  /** Secrets of agents are derived from it. */
  secretKey: Uint8Array;
  /** Hears what the starts tell. */
  lines: StartLines;
}

export interface Launched extends ContainerInfo {
  /** Made with another agent than one would be now. */
  isStale: boolean;
  /** It ran already. */
  isFound: boolean;
}

/** Brings up the container of a project, and the way to its agent. */
export class Launcher {
  readonly #options: LauncherOptions;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** The running container of a project: the one there is, or a new one. */
  async launch(project: ContainerRow, signal: AbortSignal): Promise<Launched> {
    const { runtime, repository, settingsOf, egress } = this.#options;
    const agentBuild = await runtime.ensureImage(this.#report(project), signal);
    const existing = project.containerId === null ? null : await runtime.inspect(project.containerId);
    if (existing?.status === 'running' || existing?.status === 'paused') {
      if (existing.status === 'paused') await runtime.resume(existing.id);
      await egress.listen(project.id, existing.egressSocket, policyOf(await settingsOf(project.id)));
      return { ...existing, isStale: existing.agentBuild !== agentBuild, isFound: true };
    }
    if (existing !== null) await runtime.remove(existing.id);
    const settings = await settingsOf(project.id);
    await this.#noticeLostVolume(project);
    const { memoryMiB, cpus, pids } = settings;
    const { image, environment } = await this.#wishFor(project, settings, signal);
    const spec = {
      projectId: project.id,
      ...(image === null ? {} : { image }),
      volume: project.workspacePath,
      secret: this.#secretOf(project),
      limits: { memoryMiB, cpus, pids },
      environment,
    };
    const container = await runtime.create(spec, signal);
    await repository.setContainer(project.id, container.id, runtime.name);
    await egress.listen(project.id, container.egressSocket, policyOf(settings));
    await runtime.start(container.id, signal);
    return { ...container, isStale: false, isFound: false };
  }

  /** Another container in the place of one that was just made. */
  async replace(project: ContainerRow, { id }: Launched, signal: AbortSignal): Promise<Launched> {
    const { runtime } = this.#options;
    await runtime.stop(id, REPLACE_GRACE_SECONDS);
    await runtime.remove(id);
    return await this.launch(project, signal);
  }

  /** What the container shall be, as far as its image can be had. @throws RoseError of an image that is a must */
  async #wishFor(project: ContainerRow, settings: ProjectSettings, signal: AbortSignal): Promise<Wish> {
    const wish = wishOf(settings, project.devContainer);
    if (wish.image === null) return wish;
    const { runtime, lines } = this.#options;
    try {
      this.#requireAllowed(wish.image);
      await this.#requireRegistry(wish.image, wish.isMust ? ANY_PUBLIC : policyOf(settings));
      await runtime.ensureImage(this.#report(project), signal, wish.image);
      return wish;
    } catch (error) {
      const isRefused = error instanceof RoseError && error.code === 'CONTAINER_FAILED';
      if (wish.isMust || !isRefused || project.devContainer === null) throw error;
      lines.tell(project.id, imageRefused(project.devContainer, error));
      return { ...wish, image: null };
    }
  }

  /** @throws RoseError CONTAINER_FAILED */
  #requireAllowed(image: string): void {
    const refusal = this.#options.images.refusal(image);
    if (refusal !== null) throw new RoseError('CONTAINER_FAILED', refusal);
  }

  /**
   * The engine fetches images past the egress proxy: it shall be no way to where the project's containers may not go.
   * @throws RoseError CONTAINER_FAILED
   */
  async #requireRegistry(image: string, policy: EgressPolicy): Promise<void> {
    const registry = registryOf(image);
    if (registry === null) return;
    try {
      await this.#options.egress.requireReach(registry, policy);
    } catch (cause) {
      // A name that is unknown here may be known to the engine, or a mirror of it.
      if (!(cause instanceof Refused)) return;
      const message = `The image "${image}" of this project cannot be had: ${cause.message}`;
      throw new RoseError('CONTAINER_FAILED', message, {}, { cause });
    }
  }

  #report({ id }: ContainerRow): (line: string) => void {
    return (line) => this.#options.lines.tell(id, line);
  }

  /** The agent of a running container, once it answers. */
  async connect(container: ContainerInfo, project: ContainerRow): Promise<AgentConnection> {
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

  /** A volume that is gone derives from no version any more: it will be filled from the active one. */
  async #noticeLostVolume(project: ContainerRow): Promise<void> {
    if (project.baseVersion === null) return;
    const volumes = await this.#options.runtime.listVolumes();
    if (volumes.some(({ volume }) => volume === project.workspacePath)) return;
    project.baseVersion = null;
    await this.#options.repository.setBase(project.id, null);
  }

  #secretOf(project: ContainerRow): string {
    return createHmac('sha256', this.#options.secretKey)
      .update(`agent:${project.id}:${project.workspacePath}`)
      .digest('base64url');
  }
}

function policyOf(settings: ProjectSettings): EgressPolicy {
  return { mode: settings.egress, allow: settings.egressAllow };
}
