import type { ApiToken, PrismaClient } from '../drivers/database/generated/client.ts';

export type { ApiToken };

/** Uses closer together than this are one. */
const USE_RESOLUTION_MS = 60_000;

/** Many at once wait for one another. */
const QUEUE = { maxWait: 15_000, timeout: 15_000 };

export interface NewToken {
  name: string;
  digest: string;
  scope: ApiToken['scope'];
  expiresAt: Date;
}

export class TokensRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** Makes a token unless the account has `most` already; null then. */
  create(userId: number, token: NewToken, most: number): Promise<ApiToken | null> {
    return this.#prisma.$transaction(async (tx) => {
      // The account's row keeps two calls from both seeing the last free place.
      await tx.$executeRaw`SELECT 1 FROM "User" WHERE "id" = ${userId} FOR UPDATE`;
      if ((await tx.apiToken.count({ where: { userId } })) >= most) return null;
      return tx.apiToken.create({ data: { ...token, userId } });
    }, QUEUE);
  }

  list(userId: number): Promise<ApiToken[]> {
    return this.#prisma.apiToken.findMany({ where: { userId }, orderBy: { id: 'desc' } });
  }

  async revoke(userId: number, id: number): Promise<boolean> {
    const { count } = await this.#prisma.apiToken.deleteMany({ where: { id, userId } });
    return count > 0;
  }

  findByDigest(digest: string) {
    const account = { select: { id: true, email: true, name: true, isAdministrator: true } };
    return this.#prisma.apiToken.findUnique({ where: { digest }, include: { user: account } });
  }

  /** Notes a use, at most once a minute. */
  async noteUse(token: Pick<ApiToken, 'id' | 'lastUsedAt'>): Promise<void> {
    const now = new Date();
    if (token.lastUsedAt !== null && now.getTime() - token.lastUsedAt.getTime() < USE_RESOLUTION_MS) return;
    await this.#prisma.apiToken.updateMany({ where: { id: token.id }, data: { lastUsedAt: now } });
  }
}
