import type { IncomingMessage } from 'node:http';

const READS = new Set(['GET', 'HEAD']);

/**
 * Whether a request may come with the visitor's pass: a page of the same project makes it, or the visitor himself.
 * All previews below one domain are of one site, so SameSite alone would let any of them act in another's name.
 * @param isOfProject whether an origin is that of a preview of the same project
 */
export function isOwnPage(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  isOfProject: (origin: string) => boolean,
): boolean {
  const { origin, referer } = headers;
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return true;
  if (origin !== undefined && isOfProject(origin)) return true;
  // Browsers tell both, or the first alone where they know the address to be safe; programs tell neither.
  if (site === undefined && origin === undefined) return true;
  if (!READS.has(method ?? '') || headers.upgrade !== undefined) return false;
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return isLink || (origin === undefined && referer !== undefined && isOfProject(originOf(referer)));
}

function originOf(referer: string): string {
  return /^https?:\/\/[^/?#]+/.exec(referer)?.[0] ?? '';
}

/** Whether a person opens an address, or a program that is no browser asks. */
export function isVisit({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  if (headers.upgrade !== undefined) return false;
  const mode = headers['sec-fetch-mode'];
  return mode === undefined ? READS.has(method ?? '') && headers.origin === undefined : mode === 'navigate';
}
