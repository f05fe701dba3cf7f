import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';

const MAX_MESSAGE_BYTES = 1024 * 1024;
/** The WebSocket protocol's code for a server that ends. */
const GOING_AWAY = 1001;
const GOODBYE_MS = 1000;

/**
 * Lets routes take WebSockets (`wsHandler`). Their hooks run before the upgrade, so that whoever
 * may not come in gets an ordinary answer.
 */
export async function addWebSockets(server: FastifyInstance): Promise<void> {
  await server.register(websocket, {
    options: { maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false },
    errorHandler: (error, socket, request) => {
      request.log.debug({ err: error }, 'A WebSocket broke off.');
      socket.terminate();
    },
    preClose(done) {
      const { clients } = this.websocketServer;
      for (const client of clients) client.close(GOING_AWAY);
      // Whoever does not answer would hold up the end of the server.
      setTimeout(() => clients.forEach((client) => client.terminate()), GOODBYE_MS);
      done();
    },
  });
  // An upgrade that is refused leaves a connection that no HTTP server looks after any more.
  server.addHook('onSend', async (request, reply) => {
    if (request.headers.upgrade === undefined) return;
    reply.header('connection', 'close');
    reply.raw.once('finish', () => request.raw.socket.destroySoon());
  });
}
