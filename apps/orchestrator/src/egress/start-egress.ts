import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { RefusalLog } from './refusal-log.ts';
import { EgressProxy } from './supervisor.ts';

const EGRESS_PORTS = [80, 443];

/** The way out of all dev containers, as the installation is configured; what it refuses is noted. */
export function startEgress(
  { egressAllow, upstreamProxy }: Pick<Config, 'egressAllow' | 'upstreamProxy'>,
  log: Logger,
  refusals: RefusalLog,
): EgressProxy {
  const proxy = new EgressProxy({
    rules: { ports: EGRESS_PORTS, privateHosts: egressAllow, refusedNetworks: [], upstreamProxy },
    refused: (refusal) => {
      log.info(refusal, 'A connection out of a dev container was refused.');
      refusals.add(refusal);
    },
    restarted: (reason) => log.warn({ reason }, 'The egress proxy ended and is started again.'),
  });
  proxy.start();
  return proxy;
}
