import { fromText } from '@rose/snapshot';
import type { PrismaClient } from '../../drivers/database/generated/client.ts';
import type { Transaction } from '../../drivers/database/index.ts';
import { storedVersion } from '../stored-version.ts';
import { bytesOf, kindToRow, versionOf } from '../versions-repository.ts';
import type { HistoryVersion } from './history-format.ts';
import type { ReadVersion } from './history-reader.ts';

const ROWS_AT_ONCE = 500;

export class HistoryRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** All versions of a project, as its history tells them. */
  async list(projectId: number): Promise<HistoryVersion[]> {
    const rows = await this.#prisma.projectVersion.findMany({
      where: { projectId },
      orderBy: { number: 'asc' },
      include: { author: { select: { email: true } } },
    });
    return rows.map((row) => {
      const { number, root, rootMtimeNs, durationMs, changed, skipped } = storedVersion(row);
      const { message, kind, author, createdAt, active, pinned } = versionOf(row);
      return {
        number,
        message,
        kind,
        author,
        createdAt,
        active,
        pinned,
        root,
        rootMtimeNs: String(rootMtimeNs),
        durationMs,
        changed,
        skipped,
      };
    });
  }

  /** Gives a new project all versions of a history, with their numbers and times. */
  async add(tx: Transaction, projectId: number, versions: readonly ReadVersion[]): Promise<void> {
    const active = versions.find((version) => version.active) ?? versions.at(-1);
    const rows = versions.map((version) => rowOf(projectId, version, version === active));
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE)
      await tx.projectVersion.createMany({ data: rows.slice(at, at + ROWS_AT_ONCE) });
    const lastVersion = versions.at(-1)?.number ?? 0;
    await tx.project.update({ where: { id: projectId }, data: { lastVersion } });
  }
}

function rowOf(projectId: number, version: ReadVersion, isActive: boolean) {
  const { number, message, kind, createdAt, pinned, root, rootMtimeNs, totals, storedBytes, durationMs } = version;
  return {
    projectId,
    number,
    message,
    kind: kindToRow(kind),
    createdAt: new Date(createdAt),
    isActive,
    isPinned: pinned,
    rootTree: bytesOf(root),
    rootMtimeNs: BigInt(rootMtimeNs),
    files: totals.files,
    logicalBytes: totals.bytes,
    storedBytes,
    durationMs,
    changedDuringSave: version.changed.map(fromText),
    skipped: version.skipped.map(({ path, reason }) => ({ path: fromText(path), reason })),
  };
}
