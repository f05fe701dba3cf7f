import { randomUUID } from 'node:crypto';
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Context } from './context.ts';
import { addGateway } from './gateway/gateway.ts';
import { addFailures, answerFailure } from './http/failures.ts';
import { addGate, pathOf, PROBES } from './http/gate.ts';
import { addSecurityHeaders, BAD_REQUEST } from './http/headers.ts';
import { addHealth } from './http/health.ts';
import { addMetrics } from './http/metrics.ts';
import { createOriginPolicy } from './http/origin.ts';
import { addTrpc } from './http/trpc-plugin.ts';
import { addUi } from './http/ui.ts';
import { addWebSockets } from './http/web-sockets.ts';
import { addPreviews } from './previews/add-previews.ts';
import { addVersionDoors } from './versions/version-doors.ts';

/** Bytes of a request's body, except where a route takes a stream. */
const BODY_LIMIT = 1024 * 1024;
/** tRPC puts the names of a whole batch into one path segment. */
const LONGEST_PATH_SEGMENT = 5000;

/** The HTTP server over a context; it does not listen yet. */
export async function createServer(context: Context): Promise<FastifyInstance> {
  const { config, cookies, log, previews } = context;
  const loggerInstance: FastifyBaseLogger = log;
  const server: FastifyInstance = fastify({
    loggerInstance,
    genReqId: () => randomUUID(),
    logController: new LogController({ requestIdLogLabel: 'requestId', disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    http: { shouldUpgradeCallback: (request) => previews.door.mayUpgrade(request) },
    routerOptions: { maxParamLength: LONGEST_PATH_SEGMENT },
    // Behind a public URL a proxy of this machine tells who called it.
    trustProxy: config.publicUrl === null ? false : 'loopback',
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => void answerFailure(error, request, reply),
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(BAD_REQUEST);
      else socket.destroy();
    },
  });
  previews.hosts.listensOn = () => portOf(server);
  addPreviews(server, previews.door);
  addSecurityHeaders(server, cookies.isSecure);
  server.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  server.addHook('onResponse', async (request, reply) => {
    const { method, ip: address } = request;
    const milliseconds = Math.round(reply.elapsedTime);
    const path = pathOf(request);
    const level = PROBES.has(path) ? 'debug' : 'info';
    request.log[level]({ method, path, status: reply.statusCode, milliseconds, address }, 'Answered.');
  });
  addFailures(server);
  addGate(server, createOriginPolicy({ ...config, port: () => portOf(server) }), cookies);
  await addWebSockets(server);
  addHealth(server, context);
  addMetrics(server);
  await addTrpc(server, context, BODY_LIMIT);
  await addGateway(server, context);
  await addVersionDoors(server, context);
  await addUi(server, context.webBuild);
  return server;
}

/** The port that a server listens on; null before it does. */
export function portOf(server: FastifyInstance): number | null {
  const address = server.server.address();
  return typeof address === 'object' ? (address?.port ?? null) : null;
}
