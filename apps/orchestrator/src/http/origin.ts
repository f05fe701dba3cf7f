import { isIP } from 'node:net';

/** The headers that say where a request comes from. */
export interface Origins {
  host: string | undefined;
  origin: string | undefined;
}

/** Which names this orchestrator answers to, and which pages may change something. */
export interface OriginPolicy {
  /** Whether the Host header is a name of ours: a page under a name that was rebound to our address gets nothing. */
  allowsHost(host: string | undefined): boolean;
  /** Whether a page of this Origin may change something here. Compared exactly; `null` never matches. */
  allowsOrigin(origins: Origins): boolean;
}

export interface OriginOptions {
  /** ROSE_PUBLIC_URL */
  publicUrl: string | null;
  /** ROSE_HOST */
  host: string;
  /** The port that is listened on; null before that. */
  port: () => number | null;
}

const WILDCARDS = new Set(['0.0.0.0', '::']);

/** Whether a host name or address means this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

export function createOriginPolicy(options: OriginOptions): OriginPolicy {
  const publicUrl = options.publicUrl === null ? null : new URL(options.publicUrl);

  /** An address cannot be rebound, so where every address is listened on, any of them is a name of ours. */
  const isOurs = (name: string): boolean =>
    isLoopback(name) || name === options.host.toLowerCase() || (WILDCARDS.has(options.host) && isIP(name) !== 0);

  const isDirect = (host: string): boolean => {
    const parsed = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?$/.exec(host.toLowerCase());
    const name = parsed?.[1]?.replace(/^\[(.*)\]$/, '$1');
    return name !== undefined && Number(parsed?.[2] ?? 80) === options.port() && isOurs(name);
  };

  return {
    allowsHost: (host) => host !== undefined && (host.toLowerCase() === publicUrl?.host || isDirect(host)),
    allowsOrigin: ({ host, origin }) => {
      if (origin === undefined || host === undefined) return false;
      return origin === publicUrl?.origin || (isDirect(host) && origin === `http://${host.toLowerCase()}`);
    },
  };
}
