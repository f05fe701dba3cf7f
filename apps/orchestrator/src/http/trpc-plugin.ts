import { fastifyTRPCPlugin, type FastifyTRPCPluginOptions } from '@trpc/server/adapters/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { appRouter, type AppRouter } from '../router.ts';
import type { RequestContext } from '../trpc.ts';
import type { Cookies } from './cookies.ts';
import { asRoseError } from './errors.ts';
import { logFailure, retryAfterOf } from './failures.ts';

const LONGEST_USER_AGENT = 200;
/** For the whole body of a call. */
const BODY_MS = 30_000;

/** Who knocks and with what: the same for procedures, byte streams and WebSockets. */
export function callerOf(request: FastifyRequest, cookies: Cookies): Pick<RequestContext, 'visitor' | 'credentials'> {
  const { headers } = request;
  const jar = cookies.read(headers.cookie);
  const userAgent = headers['user-agent']?.slice(0, LONGEST_USER_AGENT) ?? null;
  return {
    visitor: { address: request.ip, userAgent, device: jar.device },
    credentials: { authorization: headers.authorization ?? null, cookie: jar.session },
  };
}

export function createRequestContext(
  { services, cookies }: Pick<Context, 'services' | 'cookies'>,
  request: FastifyRequest,
  reply: FastifyReply,
): RequestContext {
  return {
    ...callerOf(request, cookies),
    services,
    requestId: request.id,
    log: request.log,
    cookies: cookies.writer(reply),
  };
}

/** Serves the router at /trpc. */
export async function addTrpc(server: FastifyInstance, context: Context, bodyLimit: number): Promise<void> {
  const trpcOptions: FastifyTRPCPluginOptions<AppRouter>['trpcOptions'] = {
    router: appRouter,
    maxBodySize: bodyLimit,
    // A query whose input is too long for an address may be posted (versions.plan with many paths).
    allowMethodOverride: true,
    createContext: ({ req, res }) => createRequestContext(context, req, res),
    onError: ({ error, path, req }) => logFailure(req.log, asRoseError(error, req.id), { procedure: path }),
    responseMeta: ({ errors }) => {
      const retryAfter = errors.map((error) => retryAfterOf(asRoseError(error, ''))).find((wait) => wait !== null);
      return retryAfter === undefined ? {} : { headers: new Headers({ 'retry-after': retryAfter ?? '' }) };
    },
  };
  await server.register(async (scope) => {
    // A body that trickles in holds its connection no longer than this; routes that take streams set their own bounds.
    scope.addHook('preParsing', async (request, _reply, body) => {
      // A query has none, and may stream its answer for longer.
      const timer = setTimeout(() => request.raw.complete || request.raw.destroy(), BODY_MS);
      body.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
    });
    await scope.register(fastifyTRPCPlugin, { prefix: '/trpc', trpcOptions });
  });
}
