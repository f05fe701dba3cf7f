import { notFound, type ProjectState } from '@rose/contract';
import type { Project as ProjectRow, PrismaClient } from '../drivers/database/generated/client.ts';

/** What the lifecycle knows of a project. */
export type ContainerRow = Pick<
  ProjectRow,
  'id' | 'ownerId' | 'containerId' | 'workspacePath' | 'baseVersion' | 'deletedAt'
> & {
  state: ProjectState;
  stateReason: string | null;
};

const columns = {
  id: true,
  ownerId: true,
  state: true,
  stateReason: true,
  containerId: true,
  workspacePath: true,
  baseVersion: true,
  deletedAt: true,
} as const;

export class ContainersRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** @throws RoseError NOT_FOUND */
  async get(projectId: number): Promise<ContainerRow> {
    const row = await this.#prisma.project.findUnique({ where: { id: projectId }, select: columns });
    if (row === null) throw notFound(`project ${projectId}`);
    return { ...row, state: fromRow(row.state) };
  }

  /** A project that may be used. @throws RoseError NOT_FOUND also for a deleted one */
  async living(projectId: number): Promise<ContainerRow> {
    const project = await this.get(projectId);
    if (project.deletedAt !== null) throw notFound(`project ${projectId}`);
    return project;
  }

  async all(): Promise<ContainerRow[]> {
    const rows = await this.#prisma.project.findMany({ select: columns });
    return rows.map((row) => ({ ...row, state: fromRow(row.state) }));
  }

  /** Projects that have a container, as far as the rows know. */
  async withContainer(): Promise<{ projectId: number; containerId: string }[]> {
    const rows = await this.#prisma.project.findMany({
      where: { containerId: { not: null }, deletedAt: null },
      select: { id: true, containerId: true },
      orderBy: { id: 'asc' },
    });
    return rows.flatMap(({ id: projectId, containerId }) => (containerId === null ? [] : [{ projectId, containerId }]));
  }

  async setState(projectId: number, state: ProjectState, reason: string | null = null): Promise<void> {
    await this.#prisma.project.updateMany({
      where: { id: projectId },
      data: { state: toRow(state), stateReason: reason },
    });
  }

  async setContainer(projectId: number, containerId: string | null, runtime?: string): Promise<void> {
    await this.#prisma.project.updateMany({
      where: { id: projectId },
      data: { containerId, ...(runtime === undefined ? {} : { runtime }) },
    });
  }

  /** Says which version the volume derives from; null for none. */
  async setBase(projectId: number, baseVersion: number | null): Promise<void> {
    await this.#prisma.project.updateMany({ where: { id: projectId }, data: { baseVersion } });
  }
}

/** Identifiers of the schema have no hyphen. */
export function fromRow(state: ProjectRow['state']): ProjectState {
  return state === 'needs_attention' ? 'needs-attention' : state;
}

function toRow(state: ProjectState): ProjectRow['state'] {
  return state === 'needs-attention' ? 'needs_attention' : state;
}
