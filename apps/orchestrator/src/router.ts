import { accountsRouter } from './accounts/accounts-router.ts';
import { settingsRouter } from './settings/settings-router.ts';
import { comparisonsRouter } from './comparisons/comparisons-router.ts';
import { containersRouter } from './containers/containers-router.ts';
import { previewsRouter } from './previews/previews-router.ts';
import { projectsRouter } from './projects/projects-router.ts';
import { searchRouter } from './search/search-router.ts';
import { storeRouter } from './store/store-router.ts';
import { router } from './trpc.ts';
import { versionsRouter } from './versions/versions-router.ts';

export const appRouter = router({
  accounts: accountsRouter,
  settings: settingsRouter,
  projects: projectsRouter,
  containers: containersRouter,
  previews: previewsRouter,
  versions: versionsRouter,
  comparisons: comparisonsRouter,
  search: searchRouter,
  store: storeRouter,
});

/** What clients infer everything from. */
export type AppRouter = typeof appRouter;
