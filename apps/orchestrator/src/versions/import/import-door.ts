import { messageSchema } from '@rose/contract';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { addBodyDoor, queryOf } from '../body-door.ts';
import { receive } from '../doors.ts';

const querySchema = z.strictObject({ message: messageSchema.default('') });

/** `POST /projects/:id/import`: the zip in the body becomes a version; the live workspace stays as it is. */
export async function addImportDoor(server: FastifyInstance, context: Context): Promise<void> {
  await addBodyDoor(server, '/projects/:id/import', async (request, reply, zip) => {
    using visit = await receive(context, request, reply, 'editor');
    const { project, identity, signal } = visit;
    const { message } = queryOf(querySchema, request);
    return await context.services.versions.import(project, { message, authorId: identity.account.id }, zip, signal);
  });
}
