import { loadInput, pinInput, projectInput, readTreeInput, saveInput, versionInput } from '@rose/contract';
import { projectProcedure, router } from '../trpc.ts';

export const versionsRouter = router({
  save: projectProcedure('editor')
    .input(saveInput)
    .mutation(({ ctx, input, signal }) =>
      ctx.services.versions.save(
        ctx.project,
        { ...input, requestId: input.requestId, authorId: ctx.identity.account.id },
        signal,
      ),
    ),
  list: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx }) => ctx.services.versions.list(ctx.project)),
  plan: projectProcedure('viewer')
    .input(loadInput)
    .query(({ ctx, input, signal }) => ctx.services.versions.plan(ctx.project, input, signal)),
  load: projectProcedure('editor')
    .input(loadInput)
    .mutation(({ ctx, input, signal }) => ctx.services.versions.load(ctx.project, input, signal)),
  undo: projectProcedure('editor')
    .input(projectInput)
    .mutation(({ ctx, signal }) => ctx.services.versions.undo(ctx.project, signal)),
  delete: projectProcedure('editor')
    .input(versionInput)
    .mutation(({ ctx, input }) => ctx.services.checkpoints.delete(ctx.project.id, input.version)),
  pin: projectProcedure('editor')
    .input(pinInput)
    .mutation(({ ctx, input }) => ctx.services.checkpoints.pin(ctx.project.id, input.version, input.pinned)),
  status: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx, signal }) => ctx.services.versions.status(ctx.project, signal)),
  tree: projectProcedure('viewer')
    .input(readTreeInput)
    .query(({ ctx, input }) => ctx.services.versions.tree(ctx.project, input.version, input.path)),
  progress: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx, signal }) => ctx.services.progress.watch(ctx.project.id, signal!)),
});
