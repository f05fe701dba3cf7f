import type { PreviewLink, PrismaClient } from '../drivers/database/generated/client.ts';

/** A link with the e-mail of who shares it. */
export type LinkRow = PreviewLink & { sharer: { email: string } };

export interface NewLink {
  projectId: number;
  port: number;
  sharerId: number;
  digest: string;
  expiresAt: Date;
}

const sharer = { sharer: { select: { email: true } } } as const;
/** Many at once wait for one another. */
const QUEUE = { maxWait: 15_000, timeout: 15_000 };

/** The links that previews are shared by: of each the SHA-256. */
export class PreviewsRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** Makes a link unless the project has `most` already; null then. Expired ones are forgotten. */
  create(link: NewLink, most: number): Promise<LinkRow | null> {
    const { projectId } = link;
    return this.#prisma.$transaction(async (tx) => {
      // The project's row keeps two calls from both seeing the last free place.
      await tx.$executeRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId} FOR NO KEY UPDATE`;
      await tx.previewLink.deleteMany({ where: { projectId, expiresAt: { lte: new Date() } } });
      if ((await tx.previewLink.count({ where: { projectId } })) >= most) return null;
      return tx.previewLink.create({ data: link, include: sharer });
    }, QUEUE);
  }

  /** Those that still lead in, newest first. */
  list(projectId: number): Promise<LinkRow[]> {
    const where = { projectId, expiresAt: { gt: new Date() } };
    return this.#prisma.previewLink.findMany({ where, include: sharer, orderBy: { id: 'desc' } });
  }

  async revoke(projectId: number, id: number): Promise<boolean> {
    const { count } = await this.#prisma.previewLink.deleteMany({ where: { id, projectId } });
    return count > 0;
  }

  findByDigest(digest: string): Promise<PreviewLink | null> {
    return this.#prisma.previewLink.findFirst({ where: { digest, expiresAt: { gt: new Date() } } });
  }

  async isGood(id: number): Promise<boolean> {
    const found = await this.#prisma.previewLink.findFirst({
      where: { id, expiresAt: { gt: new Date() } },
      select: { id: true },
    });
    return found !== null;
  }
}
