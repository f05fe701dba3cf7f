import { versionSearchInput } from '@rose/contract';
import { projectProcedure, router } from '../trpc.ts';

export const searchRouter = router({
  content: projectProcedure('viewer')
    .input(versionSearchInput)
    .query(({ ctx, input, signal }) =>
      ctx.services.search.search('content', ctx.project, { ...input, accountId: ctx.identity.account.id }, signal!),
    ),
  names: projectProcedure('viewer')
    .input(versionSearchInput)
    .query(({ ctx, input, signal }) =>
      ctx.services.search.search('names', ctx.project, { ...input, accountId: ctx.identity.account.id }, signal!),
    ),
});
