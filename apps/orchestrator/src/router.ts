import { accountsRouter } from './accounts/accounts-router.ts';
import { settingsRouter } from './settings/settings-router.ts';
import { router } from './trpc.ts';

export const appRouter = router({
  accounts: accountsRouter,
  settings: settingsRouter,
});

/** What clients infer everything from. */
export type AppRouter = typeof appRouter;
