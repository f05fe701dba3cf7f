import { ERROR_STATUS, RoseError, type ErrorBody } from '@rose/contract';
import { initTRPC, TRPCError } from '@trpc/server';
import { ZodError } from 'zod';
import type { Agent } from './agent.ts';
import { asRoseError, refused } from './failures.ts';

/** viewer and editor are people, through the gateway; system is the orchestrator itself. */
export const ROLES = ['viewer', 'editor', 'system'] as const;
export type Role = (typeof ROLES)[number];

export interface CallContext {
  agent: Agent;
  role: Role;
}

const t = initTRPC.context<CallContext>().create({
  isDev: false,
  errorFormatter: ({ shape, error }) => {
    const rose = roseBody(error);
    return { ...shape, message: rose.message, data: { ...shape.data, rose } };
  },
});

/** Every failure has a body of the catalogue, those that tRPC itself found too. */
function roseBody(error: TRPCError): ErrorBody {
  const { cause } = error;
  if (cause instanceof RoseError || cause instanceof ZodError) return asRoseError(cause).toBody();
  switch (error.code) {
    case 'NOT_FOUND':
      return new RoseError('NOT_FOUND', 'The agent has no such procedure.', { what: 'procedure' }).toBody();
    case 'PAYLOAD_TOO_LARGE':
      return new RoseError('TOO_LARGE', 'The call is larger than 1 MiB; use a byte stream for large content.').toBody();
    case 'PARSE_ERROR':
    case 'BAD_REQUEST':
    case 'METHOD_NOT_SUPPORTED':
    case 'UNSUPPORTED_MEDIA_TYPE':
      return refused('', error.message).toBody();
    default:
      return asRoseError(cause ?? error).toBody();
  }
}

const RANK: Record<Role, number> = { viewer: 0, editor: 1, system: 2 };

/** Why a caller of this role may not do what needs `least`; null when he may. */
export function roleRefusal(role: Role, least: Role): RoseError | null {
  if (RANK[role] >= RANK[least]) return null;
  return new RoseError('FORBIDDEN', `This needs the role ${least}; the caller's is ${role}.`);
}

/** A procedure for callers of at least this role. */
const procedureFor = (least: Role) =>
  t.procedure.use(async ({ ctx, next }) => {
    const refusal = roleRefusal(ctx.role, least);
    if (refusal !== null) throw asTrpcError(refusal);
    const result = await next();
    if (!result.ok && result.error.code === 'INTERNAL_SERVER_ERROR') throw asTrpcError(asRoseError(result.error.cause));
    return result;
  });

function asTrpcError(error: RoseError): TRPCError {
  const code = TRPC_CODES[ERROR_STATUS[error.code]] ?? 'INTERNAL_SERVER_ERROR';
  return new TRPCError({ code, message: error.message, cause: error });
}

const TRPC_CODES: Record<number, TRPCError['code']> = {
  400: 'BAD_REQUEST',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  408: 'TIMEOUT',
  409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  422: 'UNPROCESSABLE_CONTENT',
  429: 'TOO_MANY_REQUESTS',
  499: 'CLIENT_CLOSED_REQUEST',
  502: 'BAD_GATEWAY',
  503: 'SERVICE_UNAVAILABLE',
};

export const router = t.router;
export const viewer = procedureFor('viewer');
export const editor = procedureFor('editor');
export const system = procedureFor('system');
