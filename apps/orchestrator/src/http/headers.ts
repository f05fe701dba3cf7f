import type { FastifyInstance } from 'fastify';

/** For all that is data: nothing in it may run, be framed or be guessed at. */
const HEADERS: Record<string, string> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};
const HSTS = 'max-age=31536000';

/** The answer to what is not even HTTP; it never becomes a request. */
export const BAD_REQUEST =
  'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n' +
  Object.entries(HEADERS)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('') +
  '\r\n';

/**
 * Puts the security headers on every answer, before Fastify sees the request: its own refusals and
 * hijacked replies have them too. A route that knows better sets a header again.
 */
export function addSecurityHeaders(server: FastifyInstance, isSecure: boolean): void {
  const headers = isSecure ? { ...HEADERS, 'strict-transport-security': HSTS } : HEADERS;
  server.server.prependListener('request', (_request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  });
}
