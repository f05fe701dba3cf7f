import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { hopHeaders } from './hop-headers.ts';
import { cookiesOfApp } from './preview-cookie.ts';

/** An app believes of these what a proxy says; here they would come from whoever asks. */
const OF_PROXIES = /^(?:x-forwarded-.*|forwarded|x-real-ip|via|x-rose-.*)$/;
/** Headers that this side makes anew, or has dealt with. */
const REPLACED = new Set(['host', 'origin', 'referer', 'cookie', 'authorization', 'expect']);
/** A session of RoSE or an API token of it, as no app has them (accounts/tokens-service.ts, drivers/sessions). */
const OURS = /^Bearer +(?:rose_\S*|[a-z2-7]{32})$/i;

/**
 * What an app gets to see of a request. To the app all is as if the browser were in the container: it is asked at
 * localhost, by pages of localhost. Dev servers refuse other names, and frameworks compare Origin with Host; the one
 * header that tells where the preview is is of RoSE's own, because some believe X-Forwarded-Host more than Host.
 * @param origin the preview's own, as browsers see it
 */
export function requestHeaders(headers: IncomingHttpHeaders, port: number, origin: string): OutgoingHttpHeaders {
  const hops = hopHeaders(headers);
  const passed: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hops.has(name) || REPLACED.has(name) || OF_PROXIES.test(name)) continue;
    passed[name] = value;
  }
  const local = `http://localhost:${port}`;
  const { authorization, cookie, referer } = headers;
  passed['host'] = `localhost:${port}`;
  passed['x-rose-preview-origin'] = origin;
  if (headers.origin !== undefined) passed['origin'] = headers.origin === origin ? local : headers.origin;
  if (referer !== undefined)
    passed['referer'] = isBelow(referer, origin) ? local + referer.slice(origin.length) : referer;
  if (authorization !== undefined && !OURS.test(authorization)) passed['authorization'] = authorization;
  const cookies = cookiesOfApp(cookie ?? '');
  if (cookies !== null) passed['cookie'] = cookies;
  // A body whose length is not known; its framing is made anew.
  if (headers['transfer-encoding'] !== undefined) passed['transfer-encoding'] = 'chunked';
  return passed;
}

/** Whether an address is of this origin. */
function isBelow(url: string, origin: string): boolean {
  return url === origin || url.startsWith(`${origin}/`);
}
