import { notFound, RoseError } from '@rose/contract';
import type { PrismaClient } from '../drivers/database/generated/client.ts';
import type { Checkpoint } from './retention-policy.ts';

const CHECKPOINTS = ['auto_save', 'before_load', 'on_stop', 'recovered'] as const;

/** Which versions stay. */
export class RetentionRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** Checkpoints that may go: neither pinned nor active, nor what the workspace derives from or undo returns to. */
  async thinnable(projectId: number): Promise<Checkpoint[]> {
    const { baseVersion } = await this.#prisma.project.findUniqueOrThrow({
      where: { id: projectId },
      select: { baseVersion: true },
    });
    const lastLoad = await this.#prisma.load.findFirst({
      where: { projectId, state: { not: 'failed' } },
      orderBy: { createdAt: 'desc' },
    });
    const loaded = lastLoad?.fromProjectId === null ? lastLoad.version : null;
    const needed = [baseVersion, lastLoad?.returnTo, loaded].filter(
      (number) => number !== null && number !== undefined,
    );
    return await this.#prisma.projectVersion.findMany({
      where: { projectId, kind: { in: [...CHECKPOINTS] }, isPinned: false, isActive: false, number: { notIn: needed } },
      select: { number: true, createdAt: true },
    });
  }

  async remove(projectId: number, numbers: readonly number[]): Promise<void> {
    await this.#prisma.projectVersion.deleteMany({
      where: {
        projectId,
        number: { in: [...numbers] },
        kind: { in: [...CHECKPOINTS] },
        isActive: false,
        isPinned: false,
      },
    });
  }

  /** @throws RoseError NOT_FOUND; CONFLICT for the active version and for pinned ones */
  async delete(projectId: number, number: number): Promise<void> {
    const { count } = await this.#prisma.projectVersion.deleteMany({
      where: { projectId, number, isActive: false, isPinned: false },
    });
    if (count > 0) return;
    const version = await this.#prisma.projectVersion.findUnique({
      where: { projectId_number: { projectId, number } },
    });
    if (version === null) throw notFound(`version ${number}`);
    const why = version.isActive ? 'is the active one; load another version first' : 'is pinned; unpin it first';
    throw new RoseError('CONFLICT', `Version ${number} ${why}.`);
  }

  /** @throws RoseError NOT_FOUND */
  async setPinned(projectId: number, number: number, isPinned: boolean): Promise<void> {
    const { count } = await this.#prisma.projectVersion.updateMany({
      where: { projectId, number },
      data: { isPinned },
    });
    if (count === 0) throw notFound(`version ${number}`);
  }
}
