import { RoseError } from '@rose/contract';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Cookies } from './cookies.ts';
import type { OriginPolicy } from './origin.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Asked by address, by machines that know no name: load balancers, Prometheus. They hold nothing secret. */
export const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** Refuses what another site's page could have sent, before anything is read or looked up. */
export function addGate(server: FastifyInstance, policy: OriginPolicy, cookies: Cookies): void {
  server.addHook('onRequest', async (request) => {
    const { host, origin } = request.headers;
    if (!PROBES.has(pathOf(request)) && !policy.allowsHost(host)) {
      throw forbidden(
        `RoSE is not known as ${host ?? 'a server without a name'}. Use the address that it prints at its start, ` +
          'or set ROSE_PUBLIC_URL to the one that people use.',
      );
    }
    if (!mayChangeSomething(request)) return;
    if (origin !== undefined) {
      if (!policy.allowsOrigin({ host, origin })) throw forbidden(`Pages of ${origin} may not change anything here.`);
    } else if (usesCookie(request, cookies)) {
      throw forbidden('A session cookie counts only with an Origin header. Programs send Authorization: Bearer.');
    }
  });
}

/** The path alone: a query may hold what is nobody's business. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '/';
}

function mayChangeSomething({ method, headers }: FastifyRequest): boolean {
  return !SAFE_METHODS.has(method) || headers.upgrade !== undefined;
}

function usesCookie({ headers }: FastifyRequest, cookies: Cookies): boolean {
  return headers.authorization === undefined && cookies.read(headers.cookie).session !== null;
}

function forbidden(message: string): RoseError<'FORBIDDEN'> {
  return new RoseError('FORBIDDEN', message);
}
