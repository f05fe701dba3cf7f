import { addMemberInput, changeMemberInput, memberInput, projectInput } from '@rose/contract';
import { projectProcedure, router } from '../trpc.ts';

export const membersRouter = router({
  list: projectProcedure('viewer')
    .input(projectInput)
    .query(({ ctx }) => ctx.services.members.list(ctx.project)),
  add: projectProcedure('owner')
    .input(addMemberInput)
    .mutation(({ ctx, input }) => ctx.services.members.add(ctx.project, input.email, input.role)),
  change: projectProcedure('owner')
    .input(changeMemberInput)
    .mutation(({ ctx, input }) => ctx.services.members.change(ctx.project, input.email, input.role)),
  remove: projectProcedure('owner')
    .input(memberInput)
    .mutation(({ ctx, input }) => ctx.services.members.remove(ctx.project, input.email)),
  leave: projectProcedure('viewer')
    .input(projectInput)
    .mutation(({ ctx }) => ctx.services.members.leave(ctx.project, ctx.identity.account.id)),
});
