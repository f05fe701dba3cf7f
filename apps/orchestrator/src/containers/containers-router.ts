import { projectInput, refusalsInput, startLinesInput } from '@rose/contract';
import { whileMember } from '../projects/while-member.ts';
import { projectProcedure, router } from '../trpc.ts';

export const containersRouter = router({
  start: projectProcedure('editor')
    .input(projectInput)
    .mutation(({ ctx, signal }) => ctx.services.projects.start(ctx.project, signal)),
  stop: projectProcedure('editor')
    .input(projectInput)
    .mutation(({ ctx }) => ctx.services.projects.stop(ctx.project)),
  restart: projectProcedure('editor')
    .input(projectInput)
    .mutation(({ ctx, signal }) => ctx.services.projects.restart(ctx.project, signal)),
  status: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx }) => ctx.services.containers.status(ctx.project.id)),
  /** The state as it is, then each change. */
  watch: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx, signal }) =>
      whileMember(ctx, signal, (left) =>
        ctx.services.monitor.states.one(ctx.identity.account.id, ctx.project.id, left),
      ),
    ),
  /** What its last start told (pulls, builds, postCreateCommand), then each new line. */
  startLines: projectProcedure('viewer')
    .input(startLinesInput)
    .query(({ ctx, input, signal }) =>
      whileMember(ctx, signal, (left) =>
        ctx.services.containers.startLines.watch(ctx.project.id, left, input.fromStart),
      ),
    ),
  usage: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx }) => ctx.services.monitor.usage.measure(ctx.project.id)),
  watchUsage: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx, signal }) =>
      whileMember(ctx, signal, (left) => ctx.services.monitor.usage.follow(ctx.project.id, left)),
    ),
  logs: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx }) => ctx.services.monitor.logs.read(ctx.project.id)),
  watchLogs: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx, signal }) =>
      whileMember(ctx, signal, (left) => ctx.services.monitor.logs.follow(ctx.project.id, left)),
    ),
  /** What its container was refused on its way out, newest first. */
  refusals: projectProcedure('viewer')
    .input(refusalsInput)
    .query(({ ctx, input }) => ctx.services.monitor.refusals.list(ctx.project.id, input.limit)),
});
