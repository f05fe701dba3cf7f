import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RoseError, STREAMS, type ProjectRole } from '@rose/contract';
import type { Context } from '../context.ts';
import { answerHeaders, requestHeaders } from './headers.ts';
import { projectCaller } from './project-caller.ts';
import { addTerminalSockets } from './terminal-sockets.ts';

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
    addTerminalSockets(scope, context, `${PREFIX}-/${STREAMS.attachTerminal}`);
    scope.route({
      method: ['GET', 'POST'],
      url: `${PREFIX}*`,
      bodyLimit: Number.MAX_SAFE_INTEGER,
      handler: (request, reply) => pass(context, request, reply),
    });
  });
}

async function pass(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { services } = context;
  const intent = CHANGES.has(request.method) ? 'change' : 'look';
  const { identity, credentials, project } = await projectCaller(context, request, intent, 'viewer');
  const { '*': rest } = request.params as { '*': string };
  const left = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort();
  });
  using _ = services.access.watch(identity, credentials, () => left.abort());
  using _role = services.projectAccess.watch(identity.account.id, project, () => left.abort());

  const agent = await services.containers.wake(project.id, left.signal);
  if (!WATCHES.has(rest)) {
    const use = services.containers.activity.begin(project.id);
    reply.raw.once('close', () => use[Symbol.dispose]());
  }
  const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
  const answer = await agent.request({
    method: request.method as 'GET' | 'POST',
    path: `/${rest}${query}`,
    headers: requestHeaders(request.headers),
    body: request.method === 'POST' ? request.raw : undefined,
    role: agentRole(project.role),
    signal: left.signal,
    headersMs: isUpload(request.method, rest) ? UPLOAD_MS : undefined,
    idleMs: 0,
  });
  if (answer.status > LAST_STATUS)
    throw new RoseError('AGENT_LIED', `The dev container answered with the status ${answer.status}, which is none.`);
  reply.code(answer.status).headers(answerHeaders(answer.headers));
  // Until the caller has it all: so long the watch lasts.
  await reply.send(answer.body);
}

/** Who only looks on keeps no container awake: it is paused under him, and he hears on when somebody works in it. */
const WATCHES = new Set(['files.watch']);

/** Byte streams that take a body answer when it is dealt with: unpacking a large zip takes minutes. */
const UPLOAD_MS = 15 * 60_000;

function isUpload(method: string, path: string): boolean {
  return method === 'POST' && path.startsWith('-/');
}

function agentRole(role: ProjectRole): 'viewer' | 'editor' {
  return role === 'viewer' ? 'viewer' : 'editor';
}
