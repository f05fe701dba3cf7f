import type { ServerResponse } from 'node:http';
import { DEFAULT_ZIP_LIMITS } from '@rose/contract';
import { encodeJsonFrame, SAVE_FRAME } from '@rose/snapshot';
import { z } from 'zod';
import { readBody } from '../body.ts';
import { asRoseError } from '../failures.ts';
import { rawPathSchema } from '../files/paths.ts';
import { readQuery } from '../query.ts';
import { write } from '../snapshot/snapshot-streams.ts';
import type { StreamRoute } from '../streams.ts';

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

/** `/-/archive.import`: takes a zip, answers SAVE_FRAMEs of the tree in it. The workspace is not touched. */
export const importRoute: StreamRoute = {
  role: 'system',
  method: 'POST',
  async handle(request, response, agent, signal) {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
    try {
      using staged = await tellingBytes(response, (counted) =>
        agent.archive.stage(counted(readBody(request, signal)), DEFAULT_ZIP_LIMITS, signal),
      );
      for await (const frames of agent.snapshots.saveStaged(staged.tree, staged.modes, signal))
        await write(response, frames);
      response.end();
    } catch (error) {
      response.end(encodeJsonFrame(SAVE_FRAME.error, asRoseError(error).toBody()));
      request.resume();
    }
  },
};

const TELL_MS = 1000;

type Counted = (source: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/** While the deed runs, the reader is told every second how many bytes have come: silence would look like a hang. */
async function tellingBytes<T>(response: ServerResponse, deed: (counted: Counted) => Promise<T>): Promise<T> {
  let bytes = 0;
  const timer = setInterval(() => {
    if (!response.writableNeedDrain) response.write(encodeJsonFrame(SAVE_FRAME.progress, { files: 0, bytes }));
  }, TELL_MS);
  try {
    return await deed(async function* (source) {
      for await (const chunk of source) {
        bytes += chunk.length;
        yield chunk;
      }
    });
  } finally {
    clearInterval(timer);
  }
}
