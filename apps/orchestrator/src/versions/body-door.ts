import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { RoseError } from '@rose/contract';
import { parseQuery } from '@rose/snapshot';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

/** What is still being sent when the answer is a refusal is thrown away for so long, so that the sender reads it. */
const DISCARD_MS = 10_000;
/** Who sends nothing for so long, and is waited for, is gone: whatever his request holds is free again. */
const STALL_MS = 5 * 60_000;

export type BodyHandler = (request: FastifyRequest, reply: FastifyReply, body: Readable) => Promise<unknown>;

/** A route whose body is a stream, whatever its type; nothing is parsed and nothing is held. */
export async function addBodyDoor(server: FastifyInstance, url: string, handle: BodyHandler): Promise<void> {
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post(url, { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request, reply) => {
      const pieces = piecesOf(request.raw);
      try {
        return await handle(request, reply, Readable.from(pieces, { objectMode: false }));
      } catch (error) {
        void discard(request.raw, pieces);
        throw error;
      }
    });
  });
}

/** @throws RoseError INVALID_INPUT naming the parameter */
export function queryOf<S extends z.ZodType>(schema: S, request: FastifyRequest): z.infer<S> {
  try {
    return schema.parse(Object.fromEntries(parseQuery(request.url)));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    const path = issue?.path.join('.') ?? '';
    const text = issue?.message ?? (cause as Error).message;
    throw new RoseError('INVALID_INPUT', text, { issues: [{ path, message: text }] }, { cause });
  }
}

/**
 * What is sent, piece by piece. Not the request itself: whoever ends it early, or throws into it, would end the connection, and
 * with it the answer.
 * @throws RoseError TIMEOUT when the next piece does not come; then the connection is ended
 */
export async function* piecesOf(body: IncomingMessage, stallMs = STALL_MS): AsyncGenerator<Buffer, void> {
  const pieces = body.iterator({ destroyOnReturn: false });
  const give = (): unknown => body.destroy(new RoseError('TIMEOUT', 'Nothing more was sent for minutes.'));
  let late: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      late = setTimeout(give, stallMs);
      const { done, value } = (await pieces.next()) as IteratorResult<Buffer, undefined>;
      clearTimeout(late);
      if (done === true) return;
      yield value;
    }
  } finally {
    clearTimeout(late);
    await pieces.return?.();
  }
}

async function discard(body: IncomingMessage, pieces: AsyncGenerator<Buffer, void>): Promise<void> {
  const late = setTimeout(() => !body.complete && body.destroy(), DISCARD_MS);
  body.once('close', () => clearTimeout(late));
  // As long as somebody else reads it, it does not flow.
  await pieces.return().catch(() => {});
  setImmediate(() => body.resume());
}
