import { RoseError } from '@rose/contract';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { asRoseError, trpcShapeOf } from './errors.ts';
import { pathOf } from './gate.ts';

/** Answers every failure outside a procedure in the words of the catalogue. */
export function answerFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const rose = asRoseError(error, request.id);
  logFailure(request.log, rose, { path: pathOf(request) });
  const retryAfter = retryAfterOf(rose);
  if (retryAfter !== null) void reply.header('retry-after', retryAfter);
  // What the route meant to send is no longer what it sends.
  return reply
    .code(rose.status)
    .header('x-request-id', request.id)
    .removeHeader('content-length')
    .type('application/json')
    .send(JSON.stringify({ error: isTrpc(request) ? trpcShapeOf(rose) : rose.toBody() }));
}

/** Failures of ours with their cause, those of callers only for who looks closely. */
export function logFailure(log: FastifyBaseLogger, error: RoseError, where: object): void {
  const entry = { ...where, code: error.code, reason: error.message };
  if (error.status < 500) log.debug(entry, 'Refused.');
  else log.error({ ...entry, err: error.cause ?? error }, 'Failed.');
}

export function retryAfterOf(error: RoseError): string | null {
  const seconds = error.details['retryAfterSeconds'];
  return typeof seconds === 'number' ? String(seconds) : null;
}

function isTrpc(request: FastifyRequest): boolean {
  return pathOf(request).startsWith('/trpc');
}

export function addFailures(server: FastifyInstance): void {
  server.setErrorHandler((error, request, reply) => answerFailure(error, request, reply));
}

export function nothingHere(request: FastifyRequest): RoseError<'NOT_FOUND'> {
  return new RoseError('NOT_FOUND', `There is nothing at ${request.method} ${pathOf(request)}.`, { what: 'address' });
}
