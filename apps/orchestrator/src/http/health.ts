import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';

const DATABASE_MS = 2000;

/** /healthz: the process answers. /readyz: it can do its work, and how well it isolates. */
export function addHealth(server: FastifyInstance, { database, runtime }: Context): void {
  server.get('/healthz', () => ({ status: 'alive' }));
  server.get('/readyz', async (request, reply) => {
    const isUp = await answers(database.pool.query('SELECT 1')).catch((error: unknown) => {
      request.log.warn({ err: error }, 'The database does not answer.');
      return false;
    });
    return reply.code(isUp ? 200 : 503).send({
      status: isUp ? 'ready' : 'not ready',
      database: isUp ? 'ready' : 'unavailable',
      runtime: runtime?.name ?? null,
      isolation: runtime?.isolation ?? null,
    });
  });
}

async function answers(query: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), DATABASE_MS);
  try {
    return await Promise.race([query.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}
