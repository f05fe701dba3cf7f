import {
  changePasswordInput,
  createTokenInput,
  endSessionInput,
  revokeTokenInput,
  signInInput,
  signUpInput,
} from '@rose/contract';
import { open, router, signedIn } from '../trpc.ts';

export const accountsRouter = router({
  signUp: open.input(signUpInput).mutation(async ({ ctx, input }) => {
    const { account, session, device } = await ctx.services.accounts.signUp(input, ctx.visitor);
    ctx.cookies.keep(session, device);
    return account;
  }),
  signIn: open.input(signInInput).mutation(async ({ ctx, input }) => {
    const before = await ctx.services.access.identify(ctx.credentials);
    const { account, session, device } = await ctx.services.accounts.signIn(input, ctx.visitor, before);
    ctx.cookies.keep(session, device);
    return account;
  }),
  signOut: signedIn.mutation(async ({ ctx }) => {
    await ctx.services.accounts.signOut(ctx.identity);
    ctx.cookies.drop();
  }),
  me: signedIn.query(({ ctx }) => ctx.services.accounts.me(ctx.identity)),
  changePassword: signedIn
    .input(changePasswordInput)
    .mutation(({ ctx, input }) => ctx.services.accounts.changePassword(ctx.identity, input, ctx.visitor)),

  sessions: router({
    list: signedIn.query(({ ctx }) => ctx.services.accounts.listSessions(ctx.identity)),
    end: signedIn
      .input(endSessionInput)
      .mutation(({ ctx, input }) => ctx.services.accounts.endSession(ctx.identity, input.id)),
  }),

  tokens: router({
    create: signedIn
      .input(createTokenInput)
      .mutation(({ ctx, input }) => ctx.services.tokens.create(ctx.identity, input)),
    list: signedIn.query(({ ctx }) => ctx.services.tokens.list(ctx.identity)),
    revoke: signedIn
      .input(revokeTokenInput)
      .mutation(({ ctx, input }) => ctx.services.tokens.revoke(ctx.identity, input.id)),
  }),
});
