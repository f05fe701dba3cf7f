import type { ObjectId } from '@rose/snapshot';
import type { PrismaClient } from '../drivers/database/generated/client.ts';

/** A version as a root of what is kept. */
export interface VersionRoot {
  /** Row id. */
  id: number;
  projectId: number;
  project: string;
  number: number;
  root: ObjectId;
}

export class StoreRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** Every version of an owner, deleted projects that can be undeleted included, by row id. */
  async roots(ownerId: number): Promise<VersionRoot[]> {
    const rows = await this.#prisma.projectVersion.findMany({
      where: { project: { ownerId } },
      select: { id: true, projectId: true, number: true, rootTree: true, project: { select: { name: true } } },
      orderBy: { id: 'asc' },
    });
    return rows.map(({ id, projectId, number, rootTree, project }) => ({
      id,
      projectId,
      project: project.name,
      number,
      root: Buffer.from(rootTree).toString('hex') as ObjectId,
    }));
  }

  /** Accounts that own anything. */
  async owners(): Promise<number[]> {
    const rows = await this.#prisma.user.findMany({ select: { id: true }, orderBy: { id: 'asc' } });
    return rows.map(({ id }) => id);
  }
}
