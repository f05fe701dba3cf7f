import http, { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { answerHeaders } from './answer-headers.ts';
import { ANSWER_MS, appFailure, MAX_ANSWER_HEADER_BYTES, noAnswer } from './app-failure.ts';
import type { Exchange } from './exchange.ts';
import { sendPage, type Page } from './pages.ts';
import { carryWebSocket } from './web-socket.ts';

export interface AppCall {
  /** The connection to the app; it is used for this request alone. */
  connection: Duplex;
  port: number;
  headers: OutgoingHttpHeaders;
  /** Where the preview of a port of this project is. */
  originOf: (port: number) => string;
}

interface AppAnswer {
  message: IncomingMessage;
  /** What the app has sent after it agreed to another protocol; null for every other answer. */
  head: Buffer | null;
}

/** Asks an app what a browser asks, and passes on what it answers, at the pace of the slower one. Never throws. */
export async function passRequest(exchange: Exchange, call: AppCall): Promise<void> {
  const { request, response, signal } = exchange;
  const leave = (): void => void call.connection.destroy();
  signal.addEventListener('abort', leave, { once: true });
  call.connection.on('error', () => {});
  try {
    const answer = await ask(exchange, call);
    if ('status' in answer) sendPage(request, response, answer);
    else await pass(exchange, call, answer);
  } catch (error) {
    if (signal.aborted) return;
    // What began as the app's answer cannot be taken back: nobody may take a part for the whole.
    if (response.headersSent) request.socket.destroy();
    else sendPage(request, response, appFailure(error, call.port));
  } finally {
    signal.removeEventListener('abort', leave);
    call.connection.destroy();
  }
}

/** The app's answer, or why there is none. */
async function ask(exchange: Exchange, { connection, headers, port }: AppCall): Promise<AppAnswer | Page> {
  const { request, head } = exchange;
  // An app that thinks it must close resets the connection of who still sends, and with it its answer.
  const wish = head === null ? { connection: 'keep-alive' } : { connection: 'Upgrade', upgrade: 'websocket' };
  const asked = http.request({
    method: request.method,
    path: request.url,
    headers: { ...headers, ...wish },
    setHost: false,
    createConnection: () => connection,
    maxHeaderSize: MAX_ANSWER_HEADER_BYTES,
  });
  const { promise: late, resolve } = Promise.withResolvers<Page>();
  using _ = whenSilent(request, () => resolve(noAnswer(port)));
  const answer = answerTo(asked);
  send(request, asked, head !== null);
  return await Promise.race([answer, late]);
}

function answerTo(asked: ClientRequest): Promise<AppAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<AppAnswer>();
  asked.once('response', (message: IncomingMessage) => resolve({ message, head: null }));
  asked.once('upgrade', (message: IncomingMessage, _connection: Duplex, head: Buffer) => resolve({ message, head }));
  asked.on('error', reject);
  asked.once('close', () => reject(new Error('The connection was closed.')));
  // Whoever waits for it may have given up.
  promise.catch(() => {});
  return promise;
}

/** An app may answer, and go, before it has heard everything. */
function send(request: IncomingMessage, asked: ClientRequest, isUpgrade: boolean): void {
  if (isUpgrade) return void asked.end();
  const drop = (): void => void request.unpipe(asked).resume();
  asked.once('error', drop).once('close', drop);
  request.pipe(asked);
}

/** Calls back when no byte of the request came for ANSWER_MS. */
function whenSilent({ socket }: IncomingMessage, onSilent: () => void): Disposable {
  let heard = socket.bytesRead;
  const timer = setInterval(() => {
    if (heard === socket.bytesRead) onSilent();
    heard = socket.bytesRead;
  }, ANSWER_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function pass(
  exchange: Exchange,
  { connection, originOf }: AppCall,
  { message, head }: AppAnswer,
): Promise<void> {
  const { request, response } = exchange;
  const headers = answerHeaders(message, originOf);
  if (head !== null) {
    if (exchange.head === null) throw new Error('It changed the protocol, and nobody asked it to.');
    return await carryWebSocket(exchange, connection, { headers, head });
  }
  // What is still sent of the request is not waited for.
  if (!request.complete) headers.push(['connection', 'close']);
  response.writeHead(message.statusCode!, headers.flat());
  await pipeline(message, response);
}
