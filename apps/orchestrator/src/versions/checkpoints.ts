import type { ProjectSettings } from '@rose/contract';
import type { ContainersService } from '../containers/containers-service.ts';
import type { Locks } from '../containers/locks.ts';
import type { Quota } from '../store/quota.ts';
import { surplus } from './retention-policy.ts';
import type { RetentionRepository } from './retention-repository.ts';
import type { Saver } from './saver.ts';

export interface CheckpointsOptions {
  repository: RetentionRepository;
  saver: Saver;
  quota: Quota;
  containers: ContainersService;
  /** One deed at a time per project. */
  locks: Locks;
  settingsOf: (projectId: number) => Promise<ProjectSettings>;
}

/** Versions that RoSE makes by itself, and which of them stay. */
export class Checkpoints {
  readonly #options: CheckpointsOptions;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** Saves the workspace if anything changed since the active version, then lets old checkpoints go. */
  async autoSave(projectId: number): Promise<void> {
    const { containers, saver, locks, quota } = this.#options;
    using _ = await locks.hold(projectId);
    if (!containers.awake().includes(projectId)) return;
    const project = await containers.project(projectId);
    const agent = await containers.wakeQuietly(projectId);
    const order = {
      projectId,
      ownerId: project.ownerId,
      kind: 'auto-save' as const,
      message: 'Saved automatically',
      authorId: null,
      requestId: null,
      full: false as const,
      unless: 'active' as const,
      activates: true,
    };
    const { isNew } = await quota.relieved(project.ownerId, () => saver.save(order, agent));
    if (isNew) await this.#thin(projectId);
  }

  async #thin(projectId: number): Promise<void> {
    const { repository, settingsOf } = this.#options;
    const { retentionLast, retentionHourly, retentionDaily, retentionWeekly } = await settingsOf(projectId);
    const policy = { last: retentionLast, hourly: retentionHourly, daily: retentionDaily, weekly: retentionWeekly };
    const gone = surplus(await repository.thinnable(projectId), policy);
    if (gone.length > 0) await repository.remove(projectId, gone);
  }

  /** @throws RoseError NOT_FOUND; CONFLICT for the active version and for pinned ones */
  async delete(projectId: number, number: number): Promise<void> {
    using _ = await this.#options.locks.hold(projectId);
    await this.#options.repository.delete(projectId, number);
  }

  /** A pinned version is never thinned and cannot be deleted. */
  async pin(projectId: number, number: number, isPinned: boolean): Promise<void> {
    await this.#options.repository.setPinned(projectId, number, isPinned);
  }
}
