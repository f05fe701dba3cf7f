import { projectIdSchema, type ProjectRole } from '@rose/contract';
import { initTRPC } from '@trpc/server';
import type { FastifyBaseLogger } from 'fastify';
import { z } from 'zod';
import type { Credentials } from './accounts/access.ts';
import type { Visitor } from './accounts/accounts-service.ts';
import type { Services } from './services.ts';
import { asRoseError, trpcShapeOf } from './http/errors.ts';

/** What a procedure knows about the request that it answers. */
export interface RequestContext {
  services: Services;
  requestId: string;
  log: FastifyBaseLogger;
  visitor: Visitor;
  credentials: Credentials;
  cookies: SignInCookies;
}

/** The cookies that a person's browser keeps; no answer's body ever holds a session id. */
export interface SignInCookies {
  keep(session: { id: string }, device: string): void;
  /** Forgets the session, keeps the device. */
  drop(): void;
}

const t = initTRPC.context<RequestContext>().create({
  isDev: false,
  errorFormatter: ({ error, path, ctx }) => trpcShapeOf(asRoseError(error, ctx?.requestId ?? 'unknown'), path),
});

export const router = t.router;

/** For anyone: signing up and in. */
export const open = t.procedure;

/** For people and programs that have signed in; ctx.identity says who. */
export const signedIn = t.procedure.use(async ({ ctx, type, next }) => {
  const identity = await ctx.services.access.require(ctx.credentials, type === 'mutation' ? 'change' : 'look');
  return next({ ctx: { identity } });
});

const namesProject = z.object({ projectId: projectIdSchema });

/**
 * For those who have at least this role on the project of the input; ctx.project is that project.
 * Give the procedure its whole (strict) input as well.
 */
export const projectProcedure = (least: ProjectRole) =>
  signedIn.input(namesProject).use(async ({ ctx, input, next }) => {
    const project = await ctx.services.projectAccess.require(ctx.identity.account.id, input.projectId, least);
    return next({ ctx: { project } });
  });
