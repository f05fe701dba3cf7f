import type { Adapter, DatabaseSession, DatabaseUser } from 'lucia';
import type { PrismaClient } from '../database/generated/client.ts';
import { digest } from './digest.ts';
import { SESSION_LIFE_DAYS } from './sessions.ts';

const DAY_MS = 86_400_000;

/** Never the password hash. */
export const ACCOUNT_COLUMNS = { id: true, email: true, name: true, isAdministrator: true } as const;

/**
 * What lucia keeps, in our tables: under the digest of the id, with a life that use cannot
 * prolong for ever. The published adapters store the id itself and load the whole user row.
 */
export class SessionAdapter implements Adapter {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  async getSessionAndUser(id: string): Promise<[DatabaseSession | null, DatabaseUser | null]> {
    const row = await this.#prisma.session.findUnique({
      where: { id: digest(id) },
      include: { user: { select: ACCOUNT_COLUMNS } },
    });
    if (row === null) return [null, null];
    const { id: userId, ...attributes } = row.user;
    const session: DatabaseSession = {
      id,
      userId,
      expiresAt: lastMoment(row),
      attributes: { userAgent: row.userAgent, createdAt: row.createdAt },
    };
    return [session, { id: userId, attributes }];
  }

  async setSession({ id, userId, expiresAt, attributes }: DatabaseSession): Promise<void> {
    await this.#prisma.session.create({ data: { id: digest(id), userId, expiresAt, ...attributes } });
  }

  /** updateMany: a session that was ended meanwhile is no error. */
  async updateSessionExpiration(id: string, expiresAt: Date): Promise<void> {
    await this.#prisma.session.updateMany({ where: { id: digest(id) }, data: { expiresAt } });
  }

  async deleteSession(id: string): Promise<void> {
    await this.#prisma.session.deleteMany({ where: { id: digest(id) } });
  }

  async deleteUserSessions(userId: number): Promise<void> {
    await this.#prisma.session.deleteMany({ where: { userId } });
  }

  async deleteExpiredSessions(): Promise<void> {
    await this.#prisma.session.deleteMany({ where: { expiresAt: { lte: new Date() } } });
  }

  /** Only digests are known: these ids can be shown, not used. */
  async getUserSessions(userId: number): Promise<DatabaseSession[]> {
    const rows = await this.#prisma.session.findMany({ where: { userId } });
    return rows.map((row) => ({
      id: row.id,
      userId,
      expiresAt: lastMoment(row),
      attributes: { userAgent: row.userAgent, createdAt: row.createdAt },
    }));
  }
}

function lastMoment(row: { expiresAt: Date; createdAt: Date }): Date {
  return new Date(Math.min(row.expiresAt.getTime(), row.createdAt.getTime() + SESSION_LIFE_DAYS * DAY_MS));
}
