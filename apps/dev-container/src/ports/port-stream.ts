import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RoseError } from '@rose/contract';
import { z } from 'zod';
import { cancelled } from '../failures.ts';
import { readQuery } from '../query.ts';
import type { StreamRoute } from '../streams.ts';

const CONNECT_MS = 5000;
const querySchema = z.strictObject({
  port: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'A port is a number from 1 to 65535.')
    .transform(Number)
    .refine((port) => port <= 65_535, 'A port is a number from 1 to 65535.'),
});

/** `/-/ports.connect`: a TCP connection to the container's own loopback, bytes both ways; each way ends by itself. */
export const connectPortRoute: StreamRoute = {
  role: 'editor',
  method: 'POST',
  async handle(request, response, _agent, signal) {
    const { port } = readQuery(request.url, querySchema);
    const socket = await dial(port, signal);
    const leave = (): void => void socket.destroy(cancelled());
    signal.addEventListener('abort', leave, { once: true });
    try {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
      const outgoing = request.pipe(withoutFirstByte());
      outgoing.pipe(socket);
      await pipeline(socket, response);
    } finally {
      signal.removeEventListener('abort', leave);
      request.unpipe();
      // What is still sent goes nowhere; left unread it would reset the connection before the caller has it all.
      request.resume();
      socket.destroy();
    }
  },
};

/** Where a server is that listens on "localhost", whichever of the two it took that for. */
const LOOPBACKS = ['127.0.0.1', '::1'];

/** @throws RoseError NOT_FOUND when nothing listens, TIMEOUT, CANCELLED */
async function dial(port: number, signal: AbortSignal): Promise<Socket> {
  const late = AbortSignal.timeout(CONNECT_MS);
  let cause: unknown;
  for (const host of LOOPBACKS) {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    try {
      await once(socket, 'connect', { signal: AbortSignal.any([signal, late]) });
      return socket;
    } catch (error) {
      socket.destroy();
      if (signal.aborted) throw cancelled();
      if (late.aborted)
        throw new RoseError('TIMEOUT', `Port ${port} of the dev container does not answer.`, {}, { cause: error });
      cause ??= error;
    }
  }
  const what = `port ${port}`;
  throw new RoseError(
    'NOT_FOUND',
    `Nothing listens on 127.0.0.1:${port} or [::1]:${port} in the dev container.`,
    { what },
    { cause },
  );
}

function withoutFirstByte(): Transform {
  let isFirst = true;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, isFirst ? chunk.subarray(1) : chunk);
      isFirst = false;
    },
  });
}
