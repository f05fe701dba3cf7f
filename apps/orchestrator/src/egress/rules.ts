import type { Target } from './target.ts';

/** What one project may reach. */
export interface EgressPolicy {
  mode: 'public' | 'allow-list' | 'none';
  /** For allow-list: names, or *.name for what lies below. */
  allow: string[];
}

/** What holds for the whole installation. */
export interface EgressRules {
  /** Ports that containers may connect to. */
  ports: number[];
  /**
   * Private hosts that containers may reach nevertheless: NAME or ADDRESS on any of `ports`,
   * NAME:PORT on that port too; *.NAME for what lies below.
   */
  privateHosts: string[];
  /** Addresses and networks (address/prefix) that are no public ones here, whatever they look like. */
  refusedNetworks: string[];
  /** http:// or https:// URL of a proxy that all else goes through; null for none. */
  upstreamProxy: string | null;
}

/** Why a target is refused, and answered so to the container. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/**
 * Judges a target by name and port, before anything is resolved.
 * @returns whether the installation permits the host although its address is private
 * @throws Refused
 */
export function judge(target: Target, policy: EgressPolicy, rules: EgressRules): { permitted: boolean } {
  const { host, port } = target;
  if (policy.mode === 'none') throw new Refused('This project has no access to the network.');
  if (policy.mode === 'allow-list' && !policy.allow.some((pattern) => nameMatches(pattern.toLowerCase(), host))) {
    throw new Refused(`${host} is not on the allow-list of this project.`);
  }
  const open = rules.ports.includes(port);
  const permitted = rules.privateHosts.some((pattern) => hostMatches(pattern.toLowerCase(), target, open));
  if (!open && !permitted) throw new Refused(`Port ${port} is not open to dev containers.`);
  return { permitted };
}

/** NAME, NAME:PORT, [ADDRESS]:PORT. */
function hostMatches(pattern: string, target: Target, open: boolean): boolean {
  if (open && nameMatches(pattern.replace(/^\[(.*)\]$/, '$1'), target.host)) return true;
  const withPort = /^\[?(.+?)\]?:(\d+)$/.exec(pattern);
  if (withPort === null) return false;
  return Number(withPort[2]) === target.port && nameMatches(withPort[1] ?? '', target.host);
}

function nameMatches(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}
