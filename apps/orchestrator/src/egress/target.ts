/** Where a container wants to connect to. */
export interface Target {
  /** Lower-case, in ASCII, without brackets or a final dot; odd notations of IPv4 made plain. */
  host: string;
  port: number;
}

/** The target of CONNECT, host:port; null when it is none. */
export function targetOfAuthority(authority: string): Target | null {
  // Anything else that a URL may hold would be read as a part of it.
  if (!/^[^\s/\\?#@]+:\d{1,5}$/.test(authority)) return null;
  return targetOf(URL.parse(`http://${authority}`));
}

/** The target of a request in absolute form, with what to ask it for; null for anything but http. */
export function targetOfUrl(text: string): { target: Target; path: string; authority: string } | null {
  const url = /^http:\/\//i.test(text) ? URL.parse(text) : null;
  const target = targetOf(url);
  if (url === null || target === null) return null;
  return { target, path: url.pathname + url.search, authority: url.host };
}

function targetOf(url: URL | null): Target | null {
  if (url === null) return null;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const port = Number(url.port || '80');
  return host === '' || port === 0 ? null : { host, port };
}
