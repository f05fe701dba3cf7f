import { z } from 'zod';
import { emailSchema } from './accounts.ts';
import { projectIdSchema, type ProjectRole } from './projects.ts';

/** What somebody with whom a project is shared may be in it. */
export const memberRoleSchema = z.enum(['editor', 'viewer']);
export type MemberRole = z.infer<typeof memberRoleSchema>;

export const addMemberInput = z.strictObject({
  projectId: projectIdSchema,
  email: emailSchema,
  role: memberRoleSchema.default('viewer'),
});
export const changeMemberInput = z.strictObject({
  projectId: projectIdSchema,
  email: emailSchema,
  role: memberRoleSchema,
});
export const memberInput = z.strictObject({ projectId: projectIdSchema, email: emailSchema });

/** Somebody who may use a project. */
export interface Member {
  email: string;
  name: string;
  role: ProjectRole;
  /** Since when, ISO 8601; of the owner, when he made the project. */
  since: string;
}
