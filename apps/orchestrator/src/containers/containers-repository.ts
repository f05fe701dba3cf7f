import {
  devContainerFileSchema,
  notFound,
  type DevContainerFile,
  type ProjectState,
  type StateChange,
} from '@rose/contract';
import { Prisma, type Project as ProjectRow, type PrismaClient } from '../drivers/database/generated/client.ts';

/** What the lifecycle knows of a project. */
export type ContainerRow = Pick<
  ProjectRow,
  'id' | 'ownerId' | 'containerId' | 'workspacePath' | 'baseVersion' | 'deletedAt'
> & {
  state: ProjectState;
  stateReason: string | null;
  /** What its devcontainer.json said when it was read last. */
  devContainer: DevContainerFile | null;
};

const columns = {
  id: true,
  ownerId: true,
  state: true,
  stateReason: true,
  containerId: true,
  workspacePath: true,
  baseVersion: true,
  devContainer: true,
  deletedAt: true,
} as const;

export class ContainersRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** @throws RoseError NOT_FOUND */
  async get(projectId: number): Promise<ContainerRow> {
    const row = await this.find(projectId);
    if (row === null) throw notFound(`project ${projectId}`);
    return row;
  }

  async find(projectId: number): Promise<ContainerRow | null> {
    const row = await this.#prisma.project.findUnique({ where: { id: projectId }, select: columns });
    return row && containerRow(row);
  }

  /** A project that may be used. @throws RoseError NOT_FOUND also for a deleted one */
  async living(projectId: number): Promise<ContainerRow> {
    const project = await this.get(projectId);
    if (project.deletedAt !== null) throw notFound(`project ${projectId}`);
    return project;
  }

  async all(): Promise<ContainerRow[]> {
    const rows = await this.#prisma.project.findMany({ select: columns });
    return rows.map(containerRow);
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

  /** @returns the change; null when it was so already, or there is no such project */
  async setState(projectId: number, state: ProjectState, reason: string | null): Promise<StateChange | null> {
    const at = new Date();
    const otherReason =
      reason === null ? [{ stateReason: { not: null } }] : [{ stateReason: null }, { stateReason: { not: reason } }];
    const { count } = await this.#prisma.project.updateMany({
      where: { id: projectId, OR: [{ state: { not: toRow(state) } }, ...otherReason] },
      data: { state: toRow(state), stateReason: reason, stateAt: at },
    });
    return count === 0 ? null : { projectId, state, reason, at: at.toISOString() };
  }

  /** How projects are, and since when; those that are gone are left out. */
  async states(projectIds: readonly number[]): Promise<StateChange[]> {
    const rows = await this.#prisma.project.findMany({
      where: { id: { in: [...projectIds] } },
      select: { id: true, state: true, stateReason: true, stateAt: true },
      orderBy: { id: 'asc' },
    });
    return rows.map(({ id, state, stateReason, stateAt }) => ({
      projectId: id,
      state: fromRow(state),
      reason: stateReason,
      at: stateAt.toISOString(),
    }));
  }

  async setContainer(projectId: number, containerId: string | null, runtime?: string): Promise<void> {
    await this.#prisma.project.updateMany({
      where: { id: projectId },
      data: { containerId, ...(runtime === undefined ? {} : { runtime }) },
    });
  }

  /** Notes what the workspace's devcontainer.json says; null for none. */
  async setDevContainer(projectId: number, file: DevContainerFile | null): Promise<void> {
    const devContainer = file ?? Prisma.DbNull;
    await this.#prisma.project.updateMany({ where: { id: projectId }, data: { devContainer } });
  }

  /** Says which version the volume derives from; null for none. */
  async setBase(projectId: number, baseVersion: number | null): Promise<void> {
    await this.#prisma.project.updateMany({ where: { id: projectId }, data: { baseVersion } });
  }
}

function containerRow(row: Prisma.ProjectGetPayload<{ select: typeof columns }>): ContainerRow {
  // Of an earlier RoSE, perhaps: then it is read again.
  const { data = null } = devContainerFileSchema.safeParse(row.devContainer);
  return { ...row, state: fromRow(row.state), devContainer: data };
}

/** Identifiers of the schema have no hyphen. */
export function fromRow(state: ProjectRow['state']): ProjectState {
  return state === 'needs_attention' ? 'needs-attention' : state;
}

function toRow(state: ProjectState): ProjectRow['state'] {
  return state === 'needs-attention' ? 'needs_attention' : state;
}
