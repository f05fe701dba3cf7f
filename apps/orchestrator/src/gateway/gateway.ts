import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { projectIdSchema, RoseError, type ProjectRole } from '@rose/contract';
import type { Context } from '../context.ts';
import { callerOf } from '../http/trpc-plugin.ts';
import { answerHeaders, requestHeaders } from './headers.ts';

const PREFIX = '/projects/:id/agent/';
const CHANGES = new Set(['POST']);
const LAST_STATUS = 599;

/**
 * The way of people's calls into their workspaces: checks who asks, wakes the container and
 * passes the call on as it comes, in both directions at the reader's pace. An allow-list, not
 * a pipe: see headers.ts for what gets through.
 */
export async function addGateway(server: FastifyInstance, context: Context): Promise<void> {
  await server.register(async (scope) => {
    // Bodies are streams here, whatever their type; nothing is parsed and nothing is held.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.route({
      method: ['GET', 'POST'],
      url: `${PREFIX}*`,
      bodyLimit: Number.MAX_SAFE_INTEGER,
      handler: (request, reply) => pass(context, request, reply),
    });
  });
}

async function pass({ services, cookies }: Context, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { credentials } = callerOf(request, cookies);
  const identity = await services.access.require(credentials, CHANGES.has(request.method) ? 'change' : 'look');
  const { id, '*': rest } = request.params as { id: string; '*': string };
  const projectId = projectIdSchema.safeParse(/^\d+$/.test(id) ? Number(id) : null);
  if (!projectId.success)
    throw new RoseError('NOT_FOUND', 'There is no such project, or it is not yours.', { what: 'project' });
  const project = await services.projectAccess.require(identity.account.id, projectId.data, 'viewer');
  const left = new AbortController();
  reply.raw.once('close', () => left.abort());
  using _ = services.access.watch(identity, credentials, () => left.abort());

  const agent = await services.containers.wake(project.id, left.signal);
  const use = services.containers.activity.begin(project.id);
  reply.raw.once('close', () => use[Symbol.dispose]());
  const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
  const answer = await agent.request({
    method: request.method as 'GET' | 'POST',
    path: `/${rest}${query}`,
    headers: requestHeaders(request.headers),
    body: request.method === 'POST' ? request.raw : undefined,
    role: agentRole(project.role),
    signal: left.signal,
    idleMs: 0,
  });
  if (answer.status > LAST_STATUS)
    throw new RoseError('AGENT_LIED', `The dev container answered with the status ${answer.status}, which is none.`);
  reply.code(answer.status).headers(answerHeaders(answer.headers));
  // Until the caller has it all: so long the watch lasts.
  await reply.send(answer.body);
}

function agentRole(role: ProjectRole): 'viewer' | 'editor' {
  return role === 'viewer' ? 'viewer' : 'editor';
}
