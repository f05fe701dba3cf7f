import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../../context.ts';
import { receive, versionNumberOf } from '../doors.ts';

/** `GET /projects/:id/versions/:number.zip`: a version as a zip, no container needed. */
export function addExportDoor(server: FastifyInstance, context: Context): void {
  const { exporter } = context.services;
  server.get('/projects/:id/versions/:number(^\\d+).zip', { exposeHeadRoute: false }, async (request, reply) => {
    using visit = await receive(context, request, reply, 'viewer');
    const { project, signal } = visit;
    const zip = await exporter.open(project, versionNumberOf(request), signal);
    const name = `project-${project.id}-version-${zip.number}.zip`;
    const output = new PassThrough();
    void reply.headers({
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="${name}"`,
      'cache-control': 'no-store',
    });
    void reply.send(output);
    try {
      await zip.write(output, signal);
    } catch (error) {
      // The headers may be gone already: then the connection breaks off, and the caller sees no whole zip.
      output.destroy(error as Error);
    }
    await reply;
  });
}
