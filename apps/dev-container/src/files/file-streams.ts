import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { readBody } from '../body.ts';
import { readQuery } from '../query.ts';
import type { StreamRoute } from '../streams.ts';
import { hashSchema, rawPathSchema } from './paths.ts';
import { openFile, streamRange } from './read-file.ts';
import { writeFile } from './write-file.ts';

const count = z
  .string()
  .regex(/^\d{1,15}$/, 'A number of bytes is needed.')
  .transform(Number);
const readQuerySchema = z.strictObject({ path: rawPathSchema, offset: count.default(0), length: count.optional() });
const writeQuerySchema = z.strictObject({
  path: rawPathSchema,
  /** "null": nothing may be there. */
  expectedHash: z
    .literal('null')
    .transform(() => null)
    .or(hashSchema)
    .optional(),
});

/** `/-/files.read`: the length is announced first, so a file that shrinks meanwhile breaks the call off. */
export const readFileRoute: StreamRoute = {
  role: 'viewer',
  method: 'GET',
  async handle(request, response, agent, signal) {
    const { path, offset, length } = readQuery(request.url, readQuerySchema);
    using file = openFile(agent.workspace, path);
    const wanted = Math.min(length ?? Infinity, Math.max(file.stat.size - offset, 0));
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': wanted });
    if (wanted === 0) {
      response.end();
      return;
    }
    await pipeline(streamRange(file.fd, offset, wanted, signal), response, { signal });
  },
};

/** `/-/files.write`: answers a `WrittenFile`. */
export const writeFileRoute: StreamRoute = {
  role: 'editor',
  method: 'POST',
  async handle(request, response, agent, signal) {
    const { path, expectedHash } = readQuery(request.url, writeQuerySchema);
    const written = await writeFile(agent.workspace, {
      path,
      expectedHash,
      content: readBody(request, signal),
      signal,
    });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(written));
  },
};
