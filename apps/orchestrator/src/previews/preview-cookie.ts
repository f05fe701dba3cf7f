import { stringifySetCookie } from 'cookie';
import type { Pass } from './pass.ts';

/** Of RoSE, here and on its own site: no app may read or set them. */
const OURS = /^(?:__Host-)?rose(?:-device|-preview)?$/;

/** The cookie that holds a pass on a preview's host; behind TLS bound to that host, so that no other preview can plant it. */
function nameOf(isSecure: boolean): string {
  return isSecure ? '__Host-rose-preview' : 'rose-preview';
}

export function passCookie(sealed: string, { expiresAt }: Pass, isSecure: boolean): string {
  return stringifySetCookie({
    name: nameOf(isSecure),
    value: sealed,
    maxAge: Math.max(0, Math.floor((expiresAt.getTime() - Date.now()) / 1000)),
    httpOnly: true,
    sameSite: 'lax',
    path: '/',
    secure: isSecure,
  });
}

/** The passes among the cookies of a request: another page of the domain may have planted more of that name. */
export function passesIn(header: string | undefined, isSecure: boolean): string[] {
  return cookiesOf(header)
    .filter(({ name }) => name === nameOf(isSecure))
    .map(({ text }) => text.slice(text.indexOf('=') + 1));
}

/** The cookies of a request that are the app's, as they came; null when there is none. */
export function cookiesOfApp(header: string): string | null {
  const kept = cookiesOf(header).filter(({ name }) => !OURS.test(name));
  return kept.length === 0 ? null : kept.map(({ text }) => text).join('; ');
}

/** A cookie that an app sets, bound to its preview's own host; null for one of ours. */
export function cookieToSet(header: string): string | null {
  const [pair = '', ...attributes] = header.split(';');
  if (OURS.test(cookieName(pair))) return null;
  return [pair, ...attributes.filter((attribute) => cookieName(attribute).toLowerCase() !== 'domain')].join(';');
}

function cookiesOf(header: string | undefined): { name: string; text: string }[] {
  const texts = (header ?? '').split(';').map((text) => text.trim());
  return texts.filter((text) => text !== '').map((text) => ({ name: cookieName(text), text }));
}

function cookieName(pair: string): string {
  return (pair.split('=', 1)[0] ?? '').trim();
}
