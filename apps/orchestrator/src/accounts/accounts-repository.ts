import type { PrismaClient, User } from '../drivers/database/generated/client.ts';

export type { User };

/** Any fixed number: sign-ups wait for one another, so that there is one first account. */
const SIGN_UP_LOCK = 0x526f5345;

/** Many at once wait for one another. */
const QUEUE = { maxWait: 15_000, timeout: 15_000 };

export interface NewAccount {
  email: string;
  name: string;
  passwordHash: string;
}

export class AccountsRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  count(): Promise<number> {
    return this.#prisma.user.count();
  }

  findByEmail(email: string): Promise<User | null> {
    return this.#prisma.user.findUnique({ where: { email } });
  }

  findById(id: number): Promise<User | null> {
    return this.#prisma.user.findUnique({ where: { id } });
  }

  /**
   * Makes an account, the first one as administrator. `mayFollow` false: only if it is the first.
   * @returns null when there is one already and none may follow.
   */
  create(account: NewAccount, mayFollow: boolean): Promise<User | null> {
    return this.#prisma.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(${SIGN_UP_LOCK})`;
      const isFirst = (await tx.user.count()) === 0;
      if (!isFirst && !mayFollow) return null;
      return tx.user.create({ data: { ...account, isAdministrator: isFirst } });
    }, QUEUE);
  }

  /** Replaces the hash if it is still `current`; false when another change came first. */
  async replacePasswordHash(id: number, current: string, next: string): Promise<boolean> {
    const where = { id, passwordHash: current };
    const { count } = await this.#prisma.user.updateMany({ where, data: { passwordHash: next } });
    return count > 0;
  }
}
