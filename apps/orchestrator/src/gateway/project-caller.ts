import { projectIdSchema, RoseError, type ProjectRole } from '@rose/contract';
import type { FastifyRequest } from 'fastify';
import type { Credentials } from '../accounts/access.ts';
import type { Identity } from '../accounts/identity.ts';
import type { Context } from '../context.ts';
import { callerOf } from '../http/trpc-plugin.ts';
import type { ProjectGrant } from '../projects/project-access.ts';

/** Who calls into a workspace, and what he is there. */
export interface ProjectCaller {
  identity: Identity;
  credentials: Credentials;
  project: ProjectGrant;
}

/**
 * Who makes a request below `/projects/:id/`, if he may.
 * @throws RoseError UNAUTHENTICATED; FORBIDDEN; NOT_FOUND
 */
export async function projectCaller(
  { services, cookies }: Context,
  request: FastifyRequest,
  intent: 'look' | 'change',
  least: ProjectRole,
): Promise<ProjectCaller> {
  const { credentials } = callerOf(request, cookies);
  const identity = await services.access.require(credentials, intent);
  const { id } = request.params as { id: string };
  const projectId = projectIdSchema.safeParse(/^\d+$/.test(id) ? Number(id) : null);
  if (!projectId.success)
    throw new RoseError('NOT_FOUND', 'There is no such project, or it is not yours.', { what: 'project' });
  const project = await services.projectAccess.require(identity.account.id, projectId.data, least);
  return { identity, credentials, project };
}
