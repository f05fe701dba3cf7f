import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** One request on a preview's host, and the way to answer it. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** What the browser has sent after a request for a WebSocket; null for every other request. */
  head: Buffer | null;
  /** Aborts when the browser has gone. */
  signal: AbortSignal;
}

/** TCP itself looks whether a browser that is silent for so long is still there, ms. */
const KEEP_ALIVE_MS = 60_000;

export function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  const left = new AbortController();
  response.once('close', () => left.abort());
  return guarded({ request, response, head: null, signal: left.signal });
}

/**
 * Of a request that wants another protocol; it may be refused as any other. null, and the end of the connection, where
 * it was sent before an earlier request on it was answered.
 */
export function upgradeOf(request: IncomingMessage, socket: Duplex, head: Buffer): Exchange | null {
  const left = new AbortController();
  socket.once('close', () => left.abort());
  socket.on('error', () => {});
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  try {
    // An upgrade comes over the connection that the server took.
    response.assignSocket(socket as Socket);
  } catch {
    socket.destroy();
    return null;
  }
  response.once('finish', () => (socket as Socket).destroySoon());
  return guarded({ request, response, head, signal: left.signal });
}

function guarded(exchange: Exchange): Exchange {
  // Who leaves is noticed by 'close'; nothing else is to be done about it.
  exchange.request.on('error', () => {});
  exchange.response.on('error', () => {});
  exchange.request.socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return exchange;
}
