import { Readable } from 'node:stream';
import { createProjectInput } from '@rose/contract';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../../context.ts';
import { addBodyDoor, queryOf } from '../body-door.ts';
import { receive, welcome } from '../doors.ts';

const STALL_MS = 5 * 60_000;

/**
 * `GET /projects/:id/history.rose`: a project's whole history as one file. `POST /projects/import-history?name=NAME`: the
 * file in the body becomes a project.
 */
export async function addHistoryDoors(server: FastifyInstance, context: Context): Promise<void> {
  const { projects } = context.services;
  server.get('/projects/:id/history.rose', { exposeHeadRoute: false }, async (request, reply) => {
    using visit = await receive(context, request, reply, 'viewer');
    const file = await projects.exportHistory(visit.project, visit.signal);
    // Nothing of the owner is collected while somebody reads: whoever does not read on is not waited for.
    reply.raw.setTimeout(STALL_MS, () => reply.raw.destroy());
    void reply.headers({
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="project-${visit.project.id}.rose"`,
      'cache-control': 'no-store',
    });
    await reply.send(Readable.from(file, { objectMode: false }));
  });
  await addBodyDoor(server, '/projects/import-history', async (request, reply, file) => {
    using visitor = await welcome(context, request, reply, 'change');
    const { identity, signal } = visitor;
    return await projects.importHistory(identity.account.id, queryOf(createProjectInput, request), file, signal);
  });
}
