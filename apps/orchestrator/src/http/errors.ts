import { ERROR_STATUS, RoseError, type ErrorBody } from '@rose/contract';
import { TRPCError } from '@trpc/server';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { z } from 'zod';
import { translateDatabaseError } from '../drivers/database/index.ts';

const MOST_ISSUES = 20;
const LONGEST_TEXT = 500;

/**
 * Any failure in the words of the catalogue; what is not known is INTERNAL and says no more than
 * the request's id, under which the log has the rest.
 */
export function asRoseError(error: unknown, requestId: string): RoseError {
  return known(error) ?? internal(requestId, error);
}

function known(error: unknown): RoseError | null {
  if (error instanceof RoseError) return error;
  if (error instanceof TRPCError) return fromTrpc(error);
  const translated = fromHttp(error) ?? translateDatabaseError(error);
  return translated instanceof RoseError ? translated : null;
}

function internal(requestId: string, cause: unknown): RoseError {
  return new RoseError(
    'INTERNAL',
    `Something went wrong inside RoSE. The log of the orchestrator has more under the request ${requestId}.`,
    {},
    { cause },
  );
}

/** What tRPC says by itself, before or around a procedure. */
function fromTrpc(error: TRPCError): RoseError | null {
  const { code, cause } = error;
  switch (code) {
    case 'BAD_REQUEST':
    case 'PARSE_ERROR':
      if (cause instanceof z.core.$ZodError) return fromZod(cause);
      if (cause instanceof SyntaxError) return invalid('The request is not valid JSON.');
      return invalid(error.message);
    case 'NOT_FOUND':
      return new RoseError('NOT_FOUND', `${error.message}.`, { what: 'procedure' });
    case 'METHOD_NOT_SUPPORTED':
    case 'UNSUPPORTED_MEDIA_TYPE':
      return invalid(error.message);
    case 'PAYLOAD_TOO_LARGE':
      return tooLarge();
    case 'CLIENT_CLOSED_REQUEST':
      return cancelled();
    default:
      return cause === undefined ? null : known(cause);
  }
}

/** Named are as many issues as a person reads: the caller wrote them, and may have written a megabyte. */
function fromZod(error: z.core.$ZodError): RoseError {
  const issues = error.issues.slice(0, MOST_ISSUES).map(({ path, message }) => ({
    path: path.map(String).join('.').slice(0, LONGEST_TEXT),
    message: message.slice(0, LONGEST_TEXT),
  }));
  const sentences = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new RoseError('INVALID_INPUT', sentences.join(' ').slice(0, LONGEST_TEXT), { issues });
}

/** What Fastify and Node say about a request, and a deed that was cancelled because its caller went away. */
function fromHttp(error: unknown): RoseError | null {
  if (!(error instanceof Error)) return null;
  const { code, statusCode, message, name } = error as Error & { code?: unknown; statusCode?: unknown };
  if (name === 'AbortError' || (code === 'ECONNRESET' && message === 'aborted')) return cancelled();
  if (typeof code !== 'string' || !code.startsWith('FST_') || typeof statusCode !== 'number') return null;
  if (statusCode === 413) return tooLarge();
  if (statusCode === 404) return new RoseError('NOT_FOUND', 'There is nothing at this address.', { what: 'address' });
  return statusCode < 500 ? invalid(message) : null;
}

function cancelled(): RoseError {
  return new RoseError('CANCELLED', 'The caller went away.');
}

function invalid(message: string): RoseError {
  return new RoseError('INVALID_INPUT', message, { issues: [{ path: '', message }] });
}

function tooLarge(): RoseError {
  return new RoseError('TOO_LARGE', 'The request is larger than the 1 MiB that this call accepts.');
}

/** tRPC's name for each HTTP status, from its own table; of several the last. */
const TRPC_CODES = new Map(
  Object.keys(TRPC_ERROR_CODES_BY_KEY).map((name) => {
    const code = name as keyof typeof TRPC_ERROR_CODES_BY_KEY;
    return [getHTTPStatusCodeFromError(new TRPCError({ code })), code];
  }),
);

export interface TrpcErrorShape {
  message: string;
  code: number;
  data: { code: string; httpStatus: number; path?: string; rose: ErrorBody };
}

/** The form in which tRPC's clients expect a failure. */
export function trpcShapeOf(error: RoseError, path?: string): TrpcErrorShape {
  const httpStatus = ERROR_STATUS[error.code];
  const code = TRPC_CODES.get(httpStatus) ?? 'INTERNAL_SERVER_ERROR';
  return {
    message: error.message,
    code: TRPC_ERROR_CODES_BY_KEY[code],
    data: { code, httpStatus, path, rose: error.toBody() },
  };
}
