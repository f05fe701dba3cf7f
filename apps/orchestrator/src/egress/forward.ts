import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { endToEnd } from './headers.ts';

export interface Exchange {
  path: string;
  /** Of the host that is asked: the request's own Host header does not count (RFC 9112 §3.2.2). */
  authority: string;
  headerBytes: number;
  idleMs: number;
  signal: AbortSignal;
}

/**
 * Passes one request on over `remote`, and its answer back. Each exchange has a connection of its own.
 * @throws Error when either side breaks off.
 */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  remote: Socket,
  exchange: Exchange,
): Promise<void> {
  const framing = request.headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked'];
  const onward = http.request({
    method: request.method ?? 'GET',
    path: exchange.path,
    headers: ['Host', exchange.authority, 'Connection', 'close', ...framing, ...endToEnd(request.rawHeaders, ['host'])],
    setHost: false,
    createConnection: () => remote,
    maxHeaderSize: exchange.headerBytes,
    signal: exchange.signal,
  });
  onward.setTimeout(exchange.idleMs, () => onward.destroy(new Error('The host did not answer in time.')));
  const answered = Promise.withResolvers<IncomingMessage>();
  onward.once('response', answered.resolve);
  onward.on('error', answered.reject);
  // An answer may come before the whole request is read; then the rest of that does not matter.
  pipeline(request, onward).catch(answered.reject);
  const reply = await answered.promise;
  response.writeHead(reply.statusCode ?? 502, reply.statusMessage, endToEnd(reply.rawHeaders));
  await pipeline(reply, response);
}
