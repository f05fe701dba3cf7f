import { projectInput } from '@rose/contract';
import { projectProcedure, router } from '../trpc.ts';

export const containersRouter = router({
  start: projectProcedure('editor')
    .input(projectInput)
    .mutation(({ ctx, signal }) => ctx.services.projects.start(ctx.project.id, signal)),
  stop: projectProcedure('editor')
    .input(projectInput)
    .mutation(({ ctx }) => ctx.services.projects.stop(ctx.project.id)),
  status: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx }) => ctx.services.containers.status(ctx.project.id)),
});
