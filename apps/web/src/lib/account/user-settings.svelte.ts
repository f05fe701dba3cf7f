import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';
import { theme } from './theme.svelte.ts';

/** The settings of who is signed in. Fetching them shows the theme of the account. */
export const userSettings = new Resource(async (signal) => {
  const settings = await rose.settings.user.get.query(undefined, { signal });
  theme.show(settings.theme.value);
  return settings;
});
