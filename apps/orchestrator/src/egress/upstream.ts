import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Target } from './target.ts';

/**
 * A connection to `target` through the upstream proxy, by CONNECT.
 * @param proxy http:// or https:// URL, with name and password where it wants them
 * @throws Error when the proxy cannot be reached or refuses.
 */
export function connectThrough(
  proxy: string,
  target: Target,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  const url = new URL(proxy);
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  const request = (url.protocol === 'https:' ? https : http).request({
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port || (url.protocol === 'https:' ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...credentials(url) },
    agent: false,
    timeout: deadlineMs,
    maxHeaderSize: 16 * 1024,
    signal,
  });
  request.once('connect', (response, socket, head) => {
    if (response.statusCode !== 200) {
      socket.destroy();
      reject(new Error(`The upstream proxy answered ${response.statusCode}.`));
      return;
    }
    socket.setTimeout(0);
    if (head.length > 0) socket.unshift(head);
    resolve(socket);
  });
  // A proxy that answers by a page instead.
  request.once('response', (response) => {
    response.destroy();
    reject(new Error(`The upstream proxy answered ${response.statusCode}.`));
  });
  request.once('timeout', () => request.destroy(new Error('The upstream proxy did not answer in time.')));
  request.once('error', reject);
  request.end();
  return promise;
}

function credentials(url: URL): Record<string, string> {
  if (url.username === '') return {};
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}
