import { diffInput, fileDiffInput, historyInput } from '@rose/contract';
import { projectProcedure, router } from '../trpc.ts';

export const comparisonsRouter = router({
  diff: projectProcedure('viewer')
    .input(diffInput)
    .query(({ ctx, input, signal }) => ctx.services.comparisons.diff(ctx.project, { ...input, to: input.to }, signal)),
  fileDiff: projectProcedure('viewer')
    .input(fileDiffInput)
    .query(({ ctx, input, signal }) =>
      ctx.services.comparisons.fileDiff(ctx.project, { ...input, to: input.to }, signal),
    ),
  history: projectProcedure('viewer')
    .input(historyInput)
    .query(({ ctx, input }) => ctx.services.comparisons.history(ctx.project, input.path, input)),
});
