import type { ProjectRole } from '@rose/contract';
import type { PrismaClient } from '../drivers/database/generated/client.ts';

export class ProjectAccessRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * What an account is in a project; null when the project is not there, deleted, or not shared with it. One query:
   * every call into a workspace asks.
   */
  async find(accountId: number, projectId: number): Promise<{ id: number; ownerId: number; role: ProjectRole } | null> {
    const [row] = await this.#prisma.$queryRaw<{ ownerId: number; role: ProjectRole | null }[]>`
      SELECT project."ownerId", member."role"::text AS role
      FROM "Project" AS project
      LEFT JOIN "ProjectMember" AS member ON member."projectId" = project."id" AND member."userId" = ${accountId}
      WHERE project."id" = ${projectId} AND project."deletedAt" IS NULL`;
    if (row === undefined) return null;
    const role = row.ownerId === accountId ? 'owner' : row.role;
    return role === null ? null : { id: projectId, ownerId: row.ownerId, role };
  }
}
