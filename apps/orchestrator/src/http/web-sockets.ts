import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';

const MAX_MESSAGE_BYTES = 1024 * 1024;

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
  });
}
