import type { Duplex } from 'node:stream';
import type { Exchange } from './exchange.ts';

/** That an app agreed to a WebSocket, and what it said since. */
export interface Agreement {
  headers: [name: string, value: string][];
  head: Buffer;
}

/** Until the app has heard what the browser said last, ms. */
const GOODBYE_MS = 5000;

/** Carries a WebSocket byte by byte, both ways, until either side ends it. */
export async function carryWebSocket(exchange: Exchange, app: Duplex, { headers, head }: Agreement): Promise<void> {
  const { request, response } = exchange;
  const { socket } = request;
  // From here on it is no HTTP any more.
  response.detachSocket(socket);
  const lines = [...headers, ['Connection', 'Upgrade'], ['Upgrade', 'websocket']].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`, 'latin1');
  socket.write(head);
  app.write(exchange.head);
  app.once('end', () => socket.destroySoon()).once('close', () => socket.destroySoon());
  // Nobody reads any more; whether the app ends its side is its own affair.
  socket.once('end', () => setTimeout(() => app.destroy(), GOODBYE_MS));
  socket.pipe(app);
  app.pipe(socket);
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}
