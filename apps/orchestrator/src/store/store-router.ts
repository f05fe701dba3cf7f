import { collectInput, projectInput, verifyInput } from '@rose/contract';
import { projectProcedure, router, signedIn } from '../trpc.ts';

export const storeRouter = router({
  verify: signedIn
    .input(verifyInput)
    .mutation(({ ctx, input, signal }) => ctx.services.store.verify(ctx.identity.account.id, input, signal)),
  collect: signedIn
    .input(collectInput)
    .mutation(({ ctx, input, signal }) => ctx.services.store.collect(ctx.identity.account, input.dryRun, signal)),
  // It counts the owner's other projects too: what they hold is not for members to find out.
  space: projectProcedure('owner')
    .input(projectInput)
    .query(({ ctx }) => ctx.services.store.space(ctx.project)),
});
