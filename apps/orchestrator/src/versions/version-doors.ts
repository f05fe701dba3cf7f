import { Readable } from 'node:stream';
import { projectIdSchema, RoseError, versionNumberSchema, workspacePathSchema } from '@rose/contract';
import { parseQuery } from '@rose/snapshot';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { callerOf } from '../http/trpc-plugin.ts';
import type { ProjectGrant } from '../projects/project-access.ts';

/** Bytes of versions over plain HTTP: what is too large for a procedure's JSON. */
export async function addVersionDoors(server: FastifyInstance, context: Context): Promise<void> {
  const { versions } = context.services;

  server.get('/projects/:id/versions/:number/file', async (request, reply) => {
    const project = await projectOf(context, request);
    const path = pathOf(request);
    const { entry, bytes } = await versions.file(project, numberOf(request), path);
    reply.headers({ 'content-type': 'application/octet-stream', 'content-length': entry.size, 'cache-control': 'no-store' });
    return reply.send(Readable.from(bytes, { objectMode: false }));
  });
}

async function projectOf({ services, cookies }: Context, request: FastifyRequest): Promise<ProjectGrant> {
  const { credentials } = callerOf(request, cookies);
  const identity = await services.access.require(credentials, 'look');
  const { id } = request.params as { id: string };
  const projectId = projectIdSchema.safeParse(/^\d+$/.test(id) ? Number(id) : null);
  if (!projectId.success) throw new RoseError('NOT_FOUND', `There is no project ${id.slice(0, 100)}, or it is not yours.`, { what: 'project' });
  return await services.projectAccess.require(identity.account.id, projectId.data, 'viewer');
}

function numberOf(request: FastifyRequest): number {
  const { number } = request.params as { number: string };
  const parsed = versionNumberSchema.safeParse(/^\d+$/.test(number) ? Number(number) : null);
  if (!parsed.success) throw new RoseError('NOT_FOUND', `There is no version ${number.slice(0, 100)}.`, { what: 'version' });
  return parsed.data;
}

function pathOf(request: FastifyRequest): string {
  try {
    return workspacePathSchema.parse(parseQuery(request.url).get('path') ?? '');
  } catch (cause) {
    const message = 'The parameter "path" is no path of a workspace.';
    throw new RoseError('INVALID_INPUT', message, { issues: [{ path: 'path', message }] }, { cause });
  }
}
