import { projectIdSchema, RoseError, versionNumberSchema, type ProjectRole } from '@rose/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../accounts/identity.ts';
import type { Context } from '../context.ts';
import { callerOf } from '../http/trpc-plugin.ts';
import type { ProjectGrant } from '../projects/project-access.ts';

/** Somebody who came in by a door of plain HTTP; dispose when he is served. */
export interface Visitor extends Disposable {
  identity: Identity;
  /** Aborts when he leaves, or when what he came with ends. */
  signal: AbortSignal;
  /** Makes him leave. */
  leave: () => void;
}

/** One who came for a project. */
export interface Visit extends Visitor {
  project: ProjectGrant;
}

/**
 * Says who asks.
 * @throws RoseError UNAUTHENTICATED, FORBIDDEN
 */
export async function welcome(
  { services, cookies }: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  intent: 'look' | 'change',
): Promise<Visitor> {
  const { credentials } = callerOf(request, cookies);
  const identity = await services.access.require(credentials, intent);
  const left = new AbortController();
  const leave = (): void => left.abort(new RoseError('CANCELLED', 'The caller went away.'));
  reply.raw.once('close', leave);
  const watch = services.access.watch(identity, credentials, leave);
  return { identity, signal: left.signal, leave, [Symbol.dispose]: () => watch[Symbol.dispose]() };
}

/**
 * Says who asks for which project (`:id` of the route).
 * @throws RoseError UNAUTHENTICATED, FORBIDDEN, NOT_FOUND
 */
export async function receive(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  least: ProjectRole,
): Promise<Visit> {
  using visitors = new DisposableStack();
  const visitor = visitors.use(await welcome(context, request, reply, least === 'viewer' ? 'look' : 'change'));
  const { id } = request.params as { id: string };
  const projectId = projectIdSchema.safeParse(numberIn(id));
  if (!projectId.success)
    throw new RoseError('NOT_FOUND', `There is no project ${id.slice(0, 100)}, or it is not yours.`, {
      what: 'project',
    });
  const { identity, signal, leave } = visitor;
  const { projectAccess } = context.services;
  const project = await projectAccess.require(identity.account.id, projectId.data, least);
  visitors.use(projectAccess.watch(identity.account.id, project, leave));
  const visit = visitors.move();
  return { identity, project, signal, leave, [Symbol.dispose]: () => visit.dispose() };
}

/** `:number` of the route. @throws RoseError NOT_FOUND */
export function versionNumberOf(request: FastifyRequest): number {
  const { number } = request.params as { number: string };
  const parsed = versionNumberSchema.safeParse(numberIn(number));
  if (!parsed.success)
    throw new RoseError('NOT_FOUND', `There is no version ${number.slice(0, 100)}.`, { what: 'version' });
  return parsed.data;
}

function numberIn(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}
