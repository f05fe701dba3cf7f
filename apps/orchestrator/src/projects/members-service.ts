import { RoseError, type Member, type MemberRole } from '@rose/contract';
import type { MembersRepository } from './members-repository.ts';
import type { ProjectAccess, ProjectGrant } from './project-access.ts';
import { UnknownAddresses } from './unknown-addresses.ts';

/** With whom projects are shared. */
export class MembersService {
  readonly #repository: MembersRepository;
  readonly #access: Pick<ProjectAccess, 'changed'>;
  readonly #unknown = new UnknownAddresses();

  constructor(repository: MembersRepository, access: Pick<ProjectAccess, 'changed'>) {
    this.#repository = repository;
    this.#access = access;
  }

  /** The owner first. Whoever may use a project sees with whom it is shared. */
  async list(project: ProjectGrant): Promise<Member[]> {
    return await this.#repository.list(project.id);
  }

  /**
   * Shares a project with somebody who has an account here; of a member it changes the role.
   * @throws RoseError NOT_FOUND when nobody has such an account: an owner has to be told of a typing error, so this does
   *   answer who has an account, a few times an hour; then TOO_MANY_REQUESTS. CONFLICT for the owner himself; LIMIT_EXCEEDED
   */
  async add(project: ProjectGrant, email: string, role: MemberRole): Promise<Member[]> {
    const accountId = await this.#accountOf(project, email);
    await this.#repository.put(project.id, accountId, role);
    this.#access.changed(accountId, project.id);
    return await this.list(project);
  }

  /** @throws RoseError NOT_FOUND when it is not shared with him */
  async change(project: ProjectGrant, email: string, role: MemberRole): Promise<Member[]> {
    await this.#withMember(project, email, (accountId) => this.#repository.setRole(project.id, accountId, role));
    return await this.list(project);
  }

  /** Ends his calls and terminals too. @throws RoseError NOT_FOUND when it is not shared with him */
  async remove(project: ProjectGrant, email: string): Promise<Member[]> {
    await this.#withMember(project, email, (accountId) => this.#repository.remove(project.id, accountId));
    return await this.list(project);
  }

  /** Gives up what somebody shared with this account. @throws RoseError CONFLICT for the owner */
  async leave(project: ProjectGrant, accountId: number): Promise<void> {
    if (project.role === 'owner') throw new RoseError('CONFLICT', 'You own this project: delete it, or keep it.');
    await this.#repository.remove(project.id, accountId);
    this.#access.changed(accountId, project.id);
  }

  async #accountOf({ ownerId }: ProjectGrant, email: string): Promise<number> {
    const forgive = this.#unknown.count(ownerId);
    const accountId = await this.#repository.accountOf(email);
    if (accountId === null) {
      const message = `Nobody has an account with the e-mail ${email} here. He has to sign up before you can share with him.`;
      throw new RoseError('NOT_FOUND', message, { what: 'account' });
    }
    forgive();
    if (accountId === ownerId) throw new RoseError('CONFLICT', 'You own this project; it needs no sharing with you.');
    return accountId;
  }

  /** The same answer for who has no account and who is no member. */
  async #withMember(
    project: ProjectGrant,
    email: string,
    deed: (accountId: number) => Promise<boolean>,
  ): Promise<void> {
    const accountId = await this.#repository.accountOf(email);
    if (accountId === null || !(await deed(accountId)))
      throw new RoseError('NOT_FOUND', `This project is not shared with ${email}.`, { what: 'member' });
    this.#access.changed(accountId, project.id);
  }
}
