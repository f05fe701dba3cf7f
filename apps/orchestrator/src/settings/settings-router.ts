import {
  projectInput,
  resetProjectSettingInput,
  resetUserSettingInput,
  updateProjectSettingsInput,
  updateUserSettingsInput,
} from '@rose/contract';
import { projectProcedure, router, signedIn } from '../trpc.ts';

export const settingsRouter = router({
  user: router({
    get: signedIn.query(({ ctx }) => ctx.services.settings.ofUser(ctx.identity.account.id)),
    update: signedIn
      .input(updateUserSettingsInput)
      .mutation(({ ctx, input }) => ctx.services.settings.updateUser(ctx.identity.account.id, input.values)),
    reset: signedIn
      .input(resetUserSettingInput)
      .mutation(({ ctx, input }) => ctx.services.settings.resetUser(ctx.identity.account.id, input.key)),
  }),
  project: router({
    // The environment holds secrets, which an editor sees in the container anyway.
    get: projectProcedure('editor')
      .input(projectInput)
      .query(({ ctx }) => ctx.services.settings.ofProject(ctx.project)),
    update: projectProcedure('owner')
      .input(updateProjectSettingsInput)
      .mutation(({ ctx, input }) => ctx.services.settings.updateProject(ctx.project, input.values)),
    reset: projectProcedure('owner')
      .input(resetProjectSettingInput)
      .mutation(({ ctx, input }) => ctx.services.settings.resetProject(ctx.project, input.key)),
  }),
});
