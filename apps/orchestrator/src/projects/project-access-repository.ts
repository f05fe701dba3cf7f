import { notFound } from '@rose/contract';
import type { PrismaClient } from '../drivers/database/generated/client.ts';
import type { ProjectAccess, ProjectGrant } from './project-access.ts';

/** Owners only: the one role there is until projects are shared. */
export class OwnersOnly implements ProjectAccess {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  async require(accountId: number, projectId: number): Promise<ProjectGrant> {
    const project = await this.#prisma.project.findFirst({
      where: { id: projectId, ownerId: accountId, deletedAt: null },
      select: { id: true, ownerId: true },
    });
    if (project === null) throw notFound(`project ${projectId}`);
    return { ...project, role: 'owner' };
  }
}
