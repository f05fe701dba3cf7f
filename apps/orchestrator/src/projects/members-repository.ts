import { notFound, RoseError, type Member, type MemberRole } from '@rose/contract';
import type { PrismaClient } from '../drivers/database/generated/client.ts';

/** More people than this work on no project. */
const MOST_MEMBERS = 100;

const person = { select: { email: true, name: true } } as const;

export class MembersRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** The owner, then the members in the order in which they came. @throws RoseError NOT_FOUND */
  async list(projectId: number): Promise<Member[]> {
    const project = await this.#prisma.project.findUnique({
      where: { id: projectId },
      select: {
        createdAt: true,
        owner: person,
        members: { select: { role: true, createdAt: true, user: person }, orderBy: [{ createdAt: 'asc' }] },
      },
    });
    if (project === null) throw notFound(`project ${projectId}`);
    const owner: Member = { ...project.owner, role: 'owner', since: project.createdAt.toISOString() };
    const others = project.members.map(({ user, role, createdAt }): Member => ({
      ...user,
      role,
      since: createdAt.toISOString(),
    }));
    return [owner, ...others];
  }

  /** The id of an account, null when nobody has one with this address. */
  async accountOf(email: string): Promise<number | null> {
    const user = await this.#prisma.user.findUnique({ where: { email }, select: { id: true } });
    return user?.id ?? null;
  }

  /** Makes somebody a member, or gives a member another role. @throws RoseError LIMIT_EXCEEDED */
  async put(projectId: number, userId: number, role: MemberRole): Promise<void> {
    await this.#prisma.$transaction(async (tx) => {
      // The lock makes those who add to one project wait for each other, so that the count holds.
      await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId} FOR UPDATE`;
      const value = 1 + (await tx.projectMember.count({ where: { projectId, userId: { not: userId } } }));
      if (value > MOST_MEMBERS) throw tooMany(value);
      await tx.projectMember.upsert({
        where: { projectId_userId: { projectId, userId } },
        create: { projectId, userId, role },
        update: { role },
      });
    });
  }

  /** @returns whether there was such a member */
  async setRole(projectId: number, userId: number, role: MemberRole): Promise<boolean> {
    const { count } = await this.#prisma.projectMember.updateMany({ where: { projectId, userId }, data: { role } });
    return count > 0;
  }

  /** @returns whether there was such a member */
  async remove(projectId: number, userId: number): Promise<boolean> {
    const { count } = await this.#prisma.projectMember.deleteMany({ where: { projectId, userId } });
    return count > 0;
  }
}

function tooMany(value: number): RoseError<'LIMIT_EXCEEDED'> {
  const message = `A project can be shared with ${MOST_MEMBERS} people. Remove somebody first.`;
  return new RoseError('LIMIT_EXCEEDED', message, { limit: 'members', value, allowed: MOST_MEMBERS });
}
