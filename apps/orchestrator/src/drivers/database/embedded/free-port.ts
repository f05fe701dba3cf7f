import { createServer } from 'node:net';
import { once } from 'node:events';

/** A port of 127.0.0.1 that nobody listens on now. Somebody may the moment after: callers try again. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port.');
  return address.port;
}
