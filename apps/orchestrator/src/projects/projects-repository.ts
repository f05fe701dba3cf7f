import { notFound, RoseError, type Project, type ProjectRole } from '@rose/contract';
import { fromRow } from '../containers/containers-repository.ts';
import type { Prisma, PrismaClient } from '../drivers/database/generated/client.ts';
import { isUniqueViolation, type Transaction } from '../drivers/database/index.ts';

const shown = {
  id: true,
  name: true,
  description: true,
  state: true,
  stateReason: true,
  runtime: true,
  createdAt: true,
  deletedAt: true,
  forkedFromId: true,
  forkedFromVersion: true,
  owner: { select: { email: true } },
  versions: { where: { isActive: true }, select: { number: true } },
} as const satisfies Prisma.ProjectSelect;

type ShownRow = Prisma.ProjectGetPayload<{ select: typeof shown }>;

export interface NewProject {
  ownerId: number;
  name: string;
  description: string;
  workspacePath: string;
  forkedFromId?: number;
  forkedFromVersion?: number;
}

export type Fill = (tx: Transaction, projectId: number) => Promise<void>;

/** A history of many versions takes a while. */
const FILL_MS = 60_000;

export class ProjectsRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * @param fill does what else belongs to the making, so that the project is there as a whole or not at all
   * @returns its id
   * @throws RoseError NAME_TAKEN
   */
  async create(project: NewProject, fill: Fill): Promise<number> {
    return await unlessTaken(project.name, () =>
      this.#prisma.$transaction(
        async (tx) => {
          const { id } = await tx.project.create({ data: project, select: { id: true } });
          await fill(tx, id);
          return id;
        },
        { timeout: FILL_MS },
      ),
    );
  }

  /** @throws RoseError NAME_TAKEN */
  async requireFree(ownerId: number, name: string): Promise<void> {
    const taken = await this.#prisma.project.findFirst({ where: { ownerId, name, deletedAt: null } });
    if (taken !== null) throw nameTaken(name);
  }

  /** As somebody with this role sees it. @throws RoseError NOT_FOUND */
  async get(projectId: number, role: ProjectRole): Promise<Project> {
    const row = await this.#prisma.project.findUnique({ where: { id: projectId }, select: shown });
    if (row === null) throw notFound(`project ${projectId}`);
    return projectOf(row, role);
  }

  /** The projects that an account owns or that are shared with it, by id. */
  async list(accountId: number): Promise<Project[]> {
    const rows = await this.#prisma.project.findMany({
      where: { deletedAt: null, OR: [{ ownerId: accountId }, { members: { some: { userId: accountId } } }] },
      select: { ...shown, members: { where: { userId: accountId }, select: { role: true } } },
      orderBy: { id: 'asc' },
    });
    return rows.map(({ members: [member], ...row }) => projectOf(row, member?.role ?? 'owner'));
  }

  /** The own projects of an account that were deleted since, by id. */
  async listDeleted(ownerId: number, since: Date): Promise<Project[]> {
    const rows = await this.#prisma.project.findMany({
      where: { ownerId, deletedAt: { gte: since } },
      select: shown,
      orderBy: { id: 'asc' },
    });
    return rows.map((row) => projectOf(row));
  }

  /** @throws RoseError NAME_TAKEN */
  async rename(projectId: number, name: string): Promise<Project> {
    return await unlessTaken(name, async () =>
      projectOf(await this.#prisma.project.update({ where: { id: projectId }, data: { name }, select: shown })),
    );
  }

  async markDeleted(projectId: number): Promise<Project> {
    return projectOf(
      await this.#prisma.project.update({ where: { id: projectId }, data: { deletedAt: new Date() }, select: shown }),
    );
  }

  /** @throws RoseError NOT_FOUND when it is not the account's, not deleted, or deleted too long ago; NAME_TAKEN */
  async undelete(projectId: number, ownerId: number, deletedSince: Date): Promise<Project> {
    const row = await this.#prisma.project.findFirst({
      where: { id: projectId, ownerId, deletedAt: { gte: deletedSince } },
      select: { name: true },
    });
    if (row === null) throw notFound(`deleted project ${projectId}`);
    return await unlessTaken(row.name, async () =>
      projectOf(
        await this.#prisma.project.update({ where: { id: projectId }, data: { deletedAt: null }, select: shown }),
      ),
    );
  }

  /** Erases the projects that were deleted before `date`, and their versions. @returns their ids and owners */
  async purge(date: Date): Promise<{ id: number; ownerId: number }[]> {
    const expired = { deletedAt: { lt: date } };
    const rows = await this.#prisma.project.findMany({ where: expired, select: { id: true, ownerId: true } });
    // The condition again: one may have been undeleted meanwhile.
    for (const { id } of rows) await this.#prisma.project.deleteMany({ where: { id, ...expired } });
    return rows;
  }

  /** Takes back a project that was not completed. */
  async erase(projectId: number): Promise<void> {
    await this.#prisma.project.deleteMany({ where: { id: projectId } });
  }
}

async function unlessTaken<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, 'ownerId', 'name')) throw nameTaken(name);
    throw error;
  }
}

function nameTaken(name: string): RoseError<'NAME_TAKEN'> {
  return new RoseError('NAME_TAKEN', `You have a project named "${name}" already. Choose another name.`);
}

function projectOf(found: ShownRow, role: ProjectRole = 'owner'): Project {
  const { owner, versions, state, runtime, createdAt, deletedAt, forkedFromId, forkedFromVersion, ...row } = found;
  const isFork = forkedFromId !== null && forkedFromVersion !== null;
  return {
    ...row,
    owner: owner.email,
    role,
    state: fromRow(state),
    runtime: runtime === 'docker' || runtime === 'process' ? runtime : null,
    activeVersion: versions[0]?.number ?? null,
    forkedFrom: isFork ? { projectId: forkedFromId, version: forkedFromVersion } : null,
    createdAt: createdAt.toISOString(),
    deletedAt: deletedAt?.toISOString() ?? null,
  };
}
