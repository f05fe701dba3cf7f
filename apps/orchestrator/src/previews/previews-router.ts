import {
  openPreviewInput,
  previewOriginsInput,
  projectInput,
  revokePreviewInput,
  sharePreviewInput,
} from '@rose/contract';
import { projectProcedure, router } from '../trpc.ts';

export const previewsRouter = router({
  open: projectProcedure('viewer')
    .input(openPreviewInput)
    .mutation(({ ctx, input }) => ctx.services.previews.open(ctx.identity, input)),
  origins: projectProcedure('viewer')
    .input(previewOriginsInput)
    .query(({ ctx, input }) => ctx.services.previews.origins(ctx.project.id, input.ports)),
  share: projectProcedure('editor')
    .input(sharePreviewInput)
    .mutation(({ ctx, input: { expiresInSeconds, ...place } }) =>
      ctx.services.previews.share(ctx.identity, place, expiresInSeconds),
    ),
  list: projectProcedure('editor')
    .input(projectInput)
    .query(({ ctx }) => ctx.services.previews.list(ctx.project.id)),
  revoke: projectProcedure('editor')
    .input(revokePreviewInput)
    .mutation(({ ctx, input }) => ctx.services.previews.revoke(ctx.project.id, input.id)),
});
