import type { IncomingMessage } from 'node:http';
import { hopHeaders } from './hop-headers.ts';
import { cookieToSet } from './preview-cookie.ts';

/** The first leads past RoSE, the second signs people out of all previews below one domain. */
const DROPPED = new Set(['alt-svc', 'clear-site-data']);
const LOCAL = /^(?:https?:)?\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::([1-9]\d{0,4}))?(?=[/?#]|$)/i;
const LAST_PORT = 65_535;

/**
 * What a browser gets to see of an app's answer: all of it, but cookies hold for the preview's own host only, and
 * redirects to the container's localhost lead to the preview of that port.
 * @param originOf where the preview of a port of this project is
 * @returns names and values, in the order and case in which they came
 */
export function answerHeaders(
  { headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  originOf: (port: number) => string,
): [name: string, value: string][] {
  const hops = hopHeaders(headers);
  const passed: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    const key = name.toLowerCase();
    if (hops.has(key) || DROPPED.has(key)) continue;
    const value = answerValue(key, rawHeaders[at + 1]!, originOf);
    if (value !== null) passed.push([name, value]);
  }
  return passed;
}

function answerValue(key: string, value: string, originOf: (port: number) => string): string | null {
  if (key === 'set-cookie') return cookieToSet(value);
  return key === 'location' ? locationOf(value, originOf) : value;
}

function locationOf(url: string, originOf: (port: number) => string): string {
  const found = LOCAL.exec(url);
  const port = Number(found?.[1] ?? 80);
  return found === null || port > LAST_PORT ? url : originOf(port) + url.slice(found[0].length);
}
