import { z } from 'zod';
import { readBody } from '../body.ts';
import { rawPathSchema } from '../files/paths.ts';
import { readQuery } from '../query.ts';
import type { StreamRoute } from '../streams.ts';
import { DEFAULT_ZIP_LIMITS } from './zip-limits.ts';

const querySchema = z.strictObject({ path: rawPathSchema.default('' as never) });

/** `/-/archive.zip` */
export const zipRoute: StreamRoute = {
  role: 'viewer',
  method: 'GET',
  async handle(request, response, agent, signal) {
    const { path } = readQuery(request.url, querySchema);
    const begin = (): void => void response.writeHead(200, { 'content-type': 'application/octet-stream' });
    await agent.archive.zip(path, response, begin, signal);
  },
};

/** `/-/archive.unzip`: answers an `UnzippedArchive`. */
export const unzipRoute: StreamRoute = {
  role: 'editor',
  method: 'POST',
  async handle(request, response, agent, signal) {
    const { path } = readQuery(request.url, querySchema);
    const unzipped = await agent.archive.unzip(path, readBody(request, signal), DEFAULT_ZIP_LIMITS, signal);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(unzipped));
  },
};
