import { isIP } from 'node:net';
import { getDomain } from 'tldts';

/**
 * The site of a host as browsers see it: its registrable domain by the Public Suffix List, or the host itself where
 * there is none. Cookies can be planted, and SameSite cookies are sent, across a site.
 */
export function siteOf(host: string): string {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return isIP(name) === 0 ? (getDomain(name, { allowPrivateDomains: true }) ?? name) : name;
}
