import { createProjectInput, forkProjectInput, projectInput, renameProjectInput } from '@rose/contract';
import { whileSignedIn } from '../accounts/while-signed-in.ts';
import { projectProcedure, router, signedIn } from '../trpc.ts';
import { membersRouter } from './members-router.ts';

export const projectsRouter = router({
  create: signedIn
    .input(createProjectInput)
    .mutation(({ ctx, input, signal }) => ctx.services.projects.create(ctx.identity.account.id, input, signal)),
  fork: projectProcedure('viewer')
    .input(forkProjectInput)
    .mutation(({ ctx, input, signal }) =>
      ctx.services.projects.fork(ctx.project, { ...input, version: input.version }, ctx.identity.account.id, signal),
    ),
  list: signedIn.query(({ ctx }) => ctx.services.projects.list(ctx.identity.account.id)),
  /** The state of each as it is, then each change. */
  watch: signedIn.query(({ ctx, signal }) =>
    whileSignedIn(ctx, signal, (left) => ctx.services.monitor.states.all(ctx.identity.account.id, left)),
  ),
  listDeleted: signedIn.query(({ ctx }) => ctx.services.projects.listDeleted(ctx.identity.account.id)),
  get: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx }) => ctx.services.projects.get(ctx.project)),
  rename: projectProcedure('owner')
    .input(renameProjectInput)
    .mutation(({ ctx, input }) => ctx.services.projects.rename(ctx.project.id, input.name)),
  members: membersRouter,
  delete: projectProcedure('owner')
    .input(projectInput)
    .mutation(({ ctx }) => ctx.services.projects.delete(ctx.project.id)),
  undelete: signedIn
    .input(projectInput)
    .mutation(({ ctx, input }) => ctx.services.projects.undelete(ctx.identity.account.id, input.projectId)),
});
