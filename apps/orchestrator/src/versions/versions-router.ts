import {
  listVersionsInput,
  loadInput,
  pinInput,
  planInput,
  projectInput,
  readTreeInput,
  saveInput,
  statusInput,
  versionInput,
} from '@rose/contract';
import { whileMember } from '../projects/while-member.ts';
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
    .input(listVersionsInput)
    .query(({ ctx, input }) => ctx.services.versions.list(ctx.project, input)),
  get: projectProcedure('viewer')
    .input(versionInput)
    .query(({ ctx, input }) => ctx.services.versions.get(ctx.project, input.version)),
  plan: projectProcedure('viewer')
    .input(planInput)
    .query(({ ctx, input, signal }) =>
      ctx.services.versions.plan(ctx.project, { ...input, accountId: ctx.identity.account.id }, input, signal),
    ),
  load: projectProcedure('editor')
    .input(loadInput)
    .mutation(({ ctx, input, signal }) =>
      ctx.services.versions.load(ctx.project, { ...input, accountId: ctx.identity.account.id }, signal),
    ),
  undo: projectProcedure('editor')
    .input(projectInput)
    .mutation(({ ctx, signal }) => ctx.services.versions.undo(ctx.project, ctx.identity.account.id, signal)),
  delete: projectProcedure('editor')
    .input(versionInput)
    .mutation(({ ctx, input }) => ctx.services.checkpoints.delete(ctx.project.id, input.version)),
  pin: projectProcedure('editor')
    .input(pinInput)
    .mutation(({ ctx, input }) => ctx.services.checkpoints.pin(ctx.project.id, input.version, input.pinned)),
  status: projectProcedure('viewer')
    .input(statusInput)
    .query(({ ctx, input, signal }) => ctx.services.versions.status(ctx.project, input, signal)),
  tree: projectProcedure('viewer')
    .input(readTreeInput)
    .query(({ ctx, input }) => ctx.services.versionFiles.tree(ctx.project, input.version, input.path, input)),
  progress: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx, signal }) => whileMember(ctx, signal, (left) => ctx.services.progress.watch(ctx.project.id, left))),
});
