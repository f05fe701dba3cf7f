import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { messageSchema, RoseError, type SaveResult } from '@rose/contract';
import { parseQuery } from '@rose/snapshot';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { receive } from '../doors.ts';

const querySchema = z.strictObject({ message: messageSchema.default('') });
/** What is still being sent when the answer is a refusal is thrown away for so long, so that the sender reads it. */
const DISCARD_MS = 10_000;

/** `POST /projects/:id/import`: the zip in the body becomes a version; the live workspace stays as it is. */
export async function addImportDoor(server: FastifyInstance, context: Context): Promise<void> {
  await server.register(async (scope) => {
    // The body is a stream, whatever its type; nothing is parsed and nothing is held.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post('/projects/:id/import', { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request, reply) => {
      try {
        return await importZip(context, request, reply);
      } catch (error) {
        discard(request.raw);
        throw error;
      }
    });
  });
}

async function importZip(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<SaveResult> {
  using visit = await receive(context, request, reply, 'editor');
  const { project, identity, signal } = visit;
  const { message } = queryOf(request);
  // Not the request itself: ending it early would end the connection, and with it the answer.
  const zip = Readable.from(request.raw.iterator({ destroyOnReturn: false }), { objectMode: false });
  return await context.services.versions.import(project, { message, authorId: identity.account.id }, zip, signal);
}

function queryOf(request: FastifyRequest): z.infer<typeof querySchema> {
  try {
    return querySchema.parse(Object.fromEntries(parseQuery(request.url)));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    const path = issue?.path.join('.') ?? '';
    const text = issue?.message ?? (cause as Error).message;
    throw new RoseError('INVALID_INPUT', text, { issues: [{ path, message: text }] }, { cause });
  }
}

function discard(body: IncomingMessage): void {
  body.resume();
  const late = setTimeout(() => !body.complete && body.destroy(), DISCARD_MS);
  body.once('close', () => clearTimeout(late));
}
