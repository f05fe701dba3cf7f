import { Deed } from '#lib/api/deed.svelte.ts';
import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';

/** Where an account is signed in. */
export const sessions = {
  list: new Resource((signal) => rose.accounts.sessions.list.query(undefined, { signal })),
  end: new Deed(async (id: string) => {
    try {
      await rose.accounts.sessions.end.mutate({ id });
    } finally {
      await sessions.list.load();
    }
  }),
};

/** "Mozilla/5.0 (X11; Linux x86_64) … Chrome/156.0 …" → "Chrome on Linux"; the text itself where it says neither. */
export function deviceOf(userAgent: string | null): string {
  if (userAgent === null) return 'Unknown program';
  const browser = BROWSERS.find(([sign]) => sign.test(userAgent))?.[1];
  const system = SYSTEMS.find(([sign]) => sign.test(userAgent))?.[1];
  if (browser === undefined) return userAgent;
  return system === undefined ? browser : `${browser} on ${system}`;
}

/** Each names the ones below it too, so the order decides. */
const BROWSERS: [RegExp, string][] = [
  [/\bEdg\//, 'Edge'],
  [/\bFirefox\//, 'Firefox'],
  [/\b(Headless)?Chrome\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(iPhone|iPad)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];
