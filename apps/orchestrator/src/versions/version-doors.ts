import { Readable } from 'node:stream';
import { RoseError, workspacePathSchema } from '@rose/contract';
import { parseQuery } from '@rose/snapshot';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { receive, versionNumberOf } from './doors.ts';
import { addExportDoor } from './export/export-door.ts';
import { addHistoryDoors } from './history/history-door.ts';
import { addImportDoor } from './import/import-door.ts';

/** Bytes of versions over plain HTTP: what is too large for a procedure's JSON. */
export async function addVersionDoors(server: FastifyInstance, context: Context): Promise<void> {
  const { versionFiles } = context.services;

  server.get('/projects/:id/versions/:number/file', async (request, reply) => {
    using visit = await receive(context, request, reply, 'viewer');
    const path = pathOf(request);
    const { entry, bytes } = await versionFiles.file(visit.project, versionNumberOf(request), path);
    reply.headers({
      'content-type': 'application/octet-stream',
      'content-length': entry.size,
      'cache-control': 'no-store',
    });
    await reply.send(Readable.from(bytes, { objectMode: false }));
  });
  addExportDoor(server, context);
  await addImportDoor(server, context);
  await addHistoryDoors(server, context);
}

function pathOf(request: FastifyRequest): string {
  try {
    return workspacePathSchema.parse(parseQuery(request.url).get('path') ?? '');
  } catch (cause) {
    const message = 'The parameter "path" is no path of a workspace.';
    throw new RoseError('INVALID_INPUT', message, { issues: [{ path: 'path', message }] }, { cause });
  }
}
