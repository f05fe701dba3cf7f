import { readSignIn } from './sign-ins.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_URL = 'http://127.0.0.1:4000';

export interface Connection {
  /** Without a trailing slash. */
  url: string;
  token: string | null;
  /** Whether the token is the stored sign-in for this URL. */
  isStored: boolean;
}

type Env = Record<string, string | undefined>;

/** Flags win over the environment, the environment over the stored sign-in. @throws UsageError for a bad URL */
export function findConnection(flags: { url?: string; token?: string }, env: Env): Connection {
  const url =
    flags.url !== undefined ? parseUrl(flags.url, '--url') : parseUrl(env.ROSE_URL || DEFAULT_URL, 'ROSE_URL');
  const given = flags.token ?? (env.ROSE_TOKEN || null);
  if (given !== null) return { url, token: parseToken(given), isStored: false };
  const stored = readSignIn(url, env);
  return { url, token: stored, isStored: stored !== null };
}

function parseUrl(text: string, source: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError(`${source} must be an address such as ${DEFAULT_URL}, not "${text}".`);
  }
  return url.href.replace(/\/+$/, '');
}

/** It becomes part of a header. */
function parseToken(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new UsageError('--token or ROSE_TOKEN does not hold a token.');
}
