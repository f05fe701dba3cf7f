import { ERROR_STATUS, RoseError, type ErrorBody } from '@rose/contract';
import { initTRPC, TRPCError } from '@trpc/server';
import type { Agent } from './agent.ts';

/** viewer and editor are people, through the gateway; system is the orchestrator itself. */
export type Role = 'viewer' | 'editor' | 'system';

export interface CallContext {
  agent: Agent;
  role: Role;
}

const t = initTRPC.context<CallContext>().create({
  isDev: false,
  errorFormatter: ({ shape, error }) => ({ ...shape, data: { ...shape.data, rose: roseBody(error) } }),
});

/** The failure in the words of the catalogue, if it is one of ours. */
function roseBody(error: TRPCError): ErrorBody | null {
  return error.cause instanceof RoseError ? error.cause.toBody() : null;
}

const RANK: Record<Role, number> = { viewer: 0, editor: 1, system: 2 };

/** A procedure for callers of at least this role. */
const procedureFor = (least: Role) =>
  t.procedure.use(async ({ ctx, next }) => {
    if (RANK[ctx.role] < RANK[least]) throw new TRPCError({ code: 'FORBIDDEN', message: `This needs the role ${least}.` });
    const result = await next();
    if (!result.ok && result.error.cause instanceof RoseError) throw asTrpcError(result.error.cause);
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
};

export const router = t.router;
export const viewer = procedureFor('viewer');
export const editor = procedureFor('editor');
export const system = procedureFor('system');
