import type { ProjectRole } from '@rose/contract';

/** A project and what the asker is in it. */
export interface ProjectGrant {
  id: number;
  ownerId: number;
  role: ProjectRole;
}

/** Who may do what with a project. */
export interface ProjectAccess {
  /**
   * The project, if this account may use it in at least this role.
   * @throws RoseError NOT_FOUND when it is not there, deleted, or not the account's to see: the same answer.
   */
  require(accountId: number, projectId: number, least: ProjectRole): Promise<ProjectGrant>;
}
