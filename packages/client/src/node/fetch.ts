import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { streamOf, type Fetch, type FetchResponse, type Upload } from '../fetch.ts';

const CONNECT_MS = 30_000;

/**
 * fetch over node:http. Node's own gives up after 300 s without an answer or a piece of it, and
 * takes 40 ms to load. Connecting has a deadline, the answer has none: the caller's signal ends it.
 */
export const nodeFetch: Fetch = async (url, { method, headers, body, signal }) => {
  const { promise, resolve, reject } = Promise.withResolvers<FetchResponse>();
  const target = new URL(url);
  // TLS takes a while to load, and most RoSEs are on this machine.
  const { request } = target.protocol === 'https:' ? await import('node:https') : http;
  const call = request(target, { method, headers, signal });
  call.on('error', reject);
  call.once('response', (incoming) => resolve(responseOf(incoming)));
  limitConnecting(call);
  void send(call, body).catch(reject);
  return promise;
};

function limitConnecting(call: ClientRequest): void {
  const late = (): void => {
    call.destroy(Object.assign(new Error('connecting took too long'), { code: 'ETIMEDOUT' }));
  };
  const timer = setTimeout(late, CONNECT_MS);
  call.once('close', () => clearTimeout(timer));
  call.once('socket', (socket) => {
    if (!socket.connecting) clearTimeout(timer);
    else socket.once('connect', () => clearTimeout(timer));
  });
}

async function send(call: ClientRequest, body: Upload | undefined): Promise<void> {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    call.end(body);
    return;
  }
  const source = Readable.from(body instanceof Blob ? body.stream() : body, { objectMode: false });
  let answered = false;
  call.once('response', (incoming) => {
    answered = true;
    // An answer may be whole before the body is: a command that ends does not wait for its stdin.
    incoming.once('end', () => call.writableFinished || call.destroy());
  });
  try {
    await pipeline(source, call);
  } catch (error) {
    // What the server says explains more than that it stopped listening.
    if (!answered) throw error;
  }
}

function responseOf(incoming: IncomingMessage): FetchResponse {
  const status = incoming.statusCode ?? 0;
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: {
      get: (name) => [incoming.headers[name.toLowerCase()] ?? []].flat().join(', ') || null,
      getSetCookie: () => incoming.headers['set-cookie'] ?? [],
    },
    get body() {
      return streamOf(incoming);
    },
    json: () => json(incoming),
  };
}
