import { notFound, type ProjectRole } from '@rose/contract';
import type { PrismaClient } from '../drivers/database/generated/client.ts';

/** A project and what the asker is in it. */
export interface ProjectGrant {
  id: number;
  ownerId: number;
  role: ProjectRole;
}

/** Who may do what with a project. */
export interface ProjectAccess {
  /**
   * The project, if this account may use it in at least this role.
   * @throws RoseError NOT_FOUND when it is not there, deleted, or not the account's to see: the same answer.
   */
  require(accountId: number, projectId: number, least: ProjectRole): Promise<ProjectGrant>;
}

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
