import {
  notFound,
  RoseError,
  type SkippedPath,
  type Version,
  type VersionDetails,
  type VersionKind,
} from '@rose/contract';
import { fromText, type ObjectId } from '@rose/snapshot';
import { isUniqueViolation, type Transaction } from '../drivers/database/index.ts';
import type { Prisma, PrismaClient, ProjectVersion as VersionRow } from '../drivers/database/generated/client.ts';
import { rootOf, storedVersion, type StoredVersion } from './stored-version.ts';

export type { StoredVersion } from './stored-version.ts';

export interface NewVersion {
  projectId: number;
  message: string;
  kind: VersionKind;
  authorId: number | null;
  requestId: string | null;
  /** Whether it becomes the active version. */
  activates: boolean;
  root: ObjectId;
  rootMtimeNs: bigint;
  files: number;
  logicalBytes: number;
  storedBytes: number;
  durationMs: number;
  changed: string[];
  skipped: SkippedPath[];
}

export interface PendingLoad {
  id: string;
  projectId: number;
  version: number;
  /** The project whose version that is; null for this one. */
  fromProjectId: number | null;
  returnTo: number | null;
  isPartial: boolean;
}

/** A version as the history of a path needs it. */
export interface VersionState {
  number: number;
  message: string;
  createdAt: Date;
  root: ObjectId;
}

/** Versions that are not made of the live state: what the workspace derives from stays. */
const APART: ReadonlySet<VersionKind> = new Set(['import', 'fork']);

export class VersionsRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** The newest versions, or the newest before one; oldest first. Without a limit all. */
  async list(projectId: number, { before, limit }: { before?: number | undefined; limit?: number } = {}) {
    const rows = await this.#prisma.projectVersion.findMany({
      where: { projectId, ...(before === undefined ? {} : { number: { lt: before } }) },
      orderBy: { number: 'desc' },
      ...(limit === undefined ? {} : { take: limit }),
      include: { author: { select: { email: true } } },
    });
    return rows.toReversed().map(versionOf);
  }

  /** All that is known of one version. @throws RoseError NOT_FOUND */
  async details(projectId: number, number: number): Promise<VersionDetails> {
    const row = await this.#prisma.projectVersion.findUnique({
      where: { projectId_number: { projectId, number } },
      include: { author: { select: { email: true } } },
    });
    if (row === null) throw notFound(`version ${number}`);
    const { root, changed, skipped, durationMs } = storedVersion(row);
    return { ...versionOf(row), rootTree: root, changedDuringSave: changed, skipped, durationMs };
  }

  /** Versions after a number, oldest first. */
  async states(projectId: number, after: number, limit: number): Promise<VersionState[]> {
    const rows = await this.#prisma.projectVersion.findMany({
      where: { projectId, number: { gt: after } },
      orderBy: { number: 'asc' },
      take: limit,
      select: { number: true, message: true, createdAt: true, rootTree: true },
    });
    return rows.map(({ rootTree, ...row }) => ({ ...row, root: rootOf({ rootTree }) }));
  }

  /** The newest version up to a number, null when there is none. */
  async latest(projectId: number, number: number): Promise<StoredVersion | null> {
    return await this.#first({ projectId, number: { lte: number } });
  }

  /** Whose a project is; null when it is gone for good. */
  async ownerOf(projectId: number): Promise<number | null> {
    const row = await this.#prisma.project.findUnique({ where: { id: projectId }, select: { ownerId: true } });
    return row?.ownerId ?? null;
  }

  /** @throws RoseError NOT_FOUND */
  async get(projectId: number, number: number): Promise<StoredVersion> {
    const row = await this.#prisma.projectVersion.findUnique({ where: { projectId_number: { projectId, number } } });
    if (row === null) throw notFound(`version ${number}`);
    return storedVersion(row);
  }

  async active(projectId: number): Promise<StoredVersion | null> {
    return await this.#first({ projectId, isActive: true });
  }

  /**
   * Whether a project without an active version must have had one: then its row is gone. Imports make versions of
   * which none is active before the first is loaded.
   */
  async hasLostActive(projectId: number): Promise<boolean> {
    const { lastVersion } = await this.#prisma.project.findUniqueOrThrow({
      where: { id: projectId },
      select: { lastVersion: true },
    });
    if (lastVersion === 0) return false;
    const isImport = { projectId, kind: 'import' as const };
    const [all, imports] = [{ projectId }, isImport].map((where) => this.#prisma.projectVersion.count({ where }));
    return (await all) === 0 || (await all) !== (await imports);
  }

  async byRequest(projectId: number, requestId: string): Promise<StoredVersion | null> {
    return await this.#first({ projectId, requestId });
  }

  /** The newest version with this content, null when there is none. */
  async byRoot(projectId: number, root: ObjectId): Promise<StoredVersion | null> {
    return await this.#first({ projectId, rootTree: bytesOf(root) });
  }

  async #first(where: Prisma.ProjectVersionWhereInput): Promise<StoredVersion | null> {
    const row = await this.#prisma.projectVersion.findFirst({ where, orderBy: { number: 'desc' } });
    return row === null ? null : storedVersion(row);
  }

  /**
   * Makes a version: the next number, its row and what is active, as one. The workspace derives
   * from it from now on, if it was made of the workspace.
   * @throws RoseError NOT_FOUND when the project is gone, CONFLICT when the request id was used meanwhile
   */
  async add(version: NewVersion): Promise<number> {
    try {
      return await this.#prisma.$transaction((tx) => this.addWithin(tx, version));
    } catch (error) {
      if (isUniqueViolation(error, 'projectId', 'requestId'))
        throw new RoseError('CONFLICT', 'This request was answered already.');
      throw error;
    }
  }

  /** `add` as a part of something larger, which is done as a whole or not at all. */
  async addWithin(tx: Transaction, version: NewVersion): Promise<number> {
    const { projectId, activates, root, changed, kind, skipped, ...columns } = version;
    // The row lock of this update makes saves of one project wait for each other.
    const { lastVersion: number } = await tx.project.update({
      where: { id: projectId },
      data: { lastVersion: { increment: 1 } },
      select: { lastVersion: true },
    });
    if (activates)
      await tx.projectVersion.updateMany({ where: { projectId, isActive: true }, data: { isActive: false } });
    await tx.projectVersion.create({
      data: {
        ...columns,
        projectId,
        number,
        kind: kindToRow(kind),
        isActive: activates,
        rootTree: bytesOf(root),
        changedDuringSave: changed.map(fromText),
        skipped: skipped.map(({ path, reason }) => ({ path: fromText(path), reason })),
      },
    });
    if (!APART.has(kind)) await tx.project.update({ where: { id: projectId }, data: { baseVersion: number } });
    return number;
  }

  /** Every file of the workspace has just been read. */
  async noteFullSave(projectId: number): Promise<void> {
    await this.#prisma.project.updateMany({ where: { id: projectId }, data: { fullSaveAt: new Date() } });
  }

  /** Whether the last full save is so long ago, or there was none. */
  async isFullSaveDue(projectId: number, afterMs: number): Promise<boolean> {
    const row = await this.#prisma.project.findUniqueOrThrow({
      where: { id: projectId },
      select: { fullSaveAt: true },
    });
    return row.fullSaveAt === null || Date.now() - row.fullSaveAt.getTime() >= afterMs;
  }

  async beginLoad(load: PendingLoad): Promise<void> {
    await this.#prisma.load.create({ data: load });
  }

  async pendingLoads(projectId: number): Promise<PendingLoad[]> {
    return await this.#prisma.load.findMany({
      where: { projectId, state: 'pending' },
      select: { id: true, projectId: true, version: true, fromProjectId: true, returnTo: true, isPartial: true },
      orderBy: { createdAt: 'asc' },
    });
  }

  /**
   * A load that happened: its version is active, unless it was of single paths. Where it is exact, the
   * workspace derives from its version now.
   */
  async finishLoad(load: PendingLoad, isExact: boolean): Promise<void> {
    const { id, projectId, version, isPartial } = load;
    await this.#prisma.$transaction(async (tx) => {
      await tx.load.update({ where: { id }, data: { state: 'done', finishedAt: new Date() } });
      if (!isPartial) await activate(tx, projectId, version);
      if (isExact) await tx.project.update({ where: { id: projectId }, data: { baseVersion: version } });
    });
  }

  /** A load that changed nothing. */
  async failLoad(id: string): Promise<void> {
    await this.#prisma.load.updateMany({
      where: { id, state: 'pending' },
      data: { state: 'failed', finishedAt: new Date() },
    });
  }

  /** A load that happened, null when there is none of that id. */
  async doneLoad(id: string): Promise<Pick<PendingLoad, 'version' | 'fromProjectId'> | null> {
    const select = { version: true, fromProjectId: true } as const;
    return await this.#prisma.load.findFirst({ where: { id, state: 'done' }, select });
  }

  /** The version that undo returns to, null when nothing can be undone. */
  async returnTo(projectId: number): Promise<number | null> {
    const last = await this.#prisma.load.findFirst({
      where: { projectId, state: 'done' },
      orderBy: { finishedAt: 'desc' },
    });
    return last?.returnTo ?? null;
  }

  async setBase(projectId: number, baseVersion: number | null): Promise<void> {
    await this.#prisma.project.update({ where: { id: projectId }, data: { baseVersion } });
  }

  async base(projectId: number): Promise<StoredVersion | null> {
    const project = await this.#prisma.project.findUnique({ where: { id: projectId }, select: { baseVersion: true } });
    if (project === null) throw notFound(`project ${projectId}`);
    return project.baseVersion === null ? null : await this.#first({ projectId, number: project.baseVersion });
  }
}

async function activate(tx: Prisma.TransactionClient, projectId: number, number: number): Promise<void> {
  await tx.projectVersion.updateMany({
    where: { projectId, isActive: true, number: { not: number } },
    data: { isActive: false },
  });
  await tx.projectVersion.update({ where: { projectId_number: { projectId, number } }, data: { isActive: true } });
}

export function bytesOf(id: ObjectId): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(id, 'hex'));
}

/** Identifiers of the schema have no hyphen. */
function kindFromRow(kind: VersionRow['kind']): VersionKind {
  return kind.replaceAll('_', '-') as VersionKind;
}

export function kindToRow(kind: VersionKind): VersionRow['kind'] {
  return kind.replaceAll('-', '_') as VersionRow['kind'];
}

/** What people are told of a version. */
export function versionOf(row: VersionRow & { author: { email: string } | null }): Version {
  return {
    version: row.number,
    message: row.message,
    kind: kindFromRow(row.kind),
    author: row.author?.email ?? null,
    createdAt: row.createdAt.toISOString(),
    active: row.isActive,
    pinned: row.isPinned,
    files: row.files,
    logicalBytes: Number(row.logicalBytes),
    storedBytes: Number(row.storedBytes),
  };
}
