import type { Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { PreviewDoor } from './preview-door.ts';

/**
 * Takes what comes to the hosts of previews before any part of RoSE hears of it: no route, hook, header or error page
 * of RoSE's own answers there. The first part that is added to a server, since hooks run in their order.
 */
export function addPreviews(server: FastifyInstance, door: PreviewDoor): void {
  server.addHook('onReady', async () => {
    const { server: http } = server;
    const request = takeOver(http, 'request');
    const upgrade = takeOver(http, 'upgrade');
    http.on('request', (...args) => (door.takes(args[0]) ? door.answer(...args) : request(...args)));
    http.on('upgrade', (...args) => (door.takes(args[0]) ? door.upgrade(...args) : upgrade(...args)));
  });
  // Where localhost has a second address, a server of Fastify's own listens there, with the same routes.
  server.addHook('onRequest', async (request, reply) => {
    if (!door.takes(request.raw)) return;
    reply.hijack();
    door.answer(request.raw, reply.raw);
  });
  server.addHook('preClose', async () => door.close());
}

/** Removes who listens to an event. @returns what tells them all the same */
function takeOver(server: Server, event: 'request' | 'upgrade'): (...args: unknown[]) => void {
  const listeners = server.listeners(event);
  server.removeAllListeners(event);
  return (...args) => {
    for (const listener of listeners) Reflect.apply(listener, server, args);
  };
}
