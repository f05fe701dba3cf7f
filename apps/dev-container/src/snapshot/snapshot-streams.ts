import type { ServerResponse } from 'node:http';
import { once } from 'node:events';
import { encodeJsonFrame, LOAD_ANSWER, SAVE_FRAME, type SaveRequest } from '@rose/snapshot';
import { z } from 'zod';
import { readBody } from '../body.ts';
import { asRoseError, cancelled } from '../failures.ts';
import type { StreamRoute } from '../streams.ts';

const requestSchema = z.strictObject({ base: z.string().nullable(), full: z.boolean(), scan: z.boolean() });
const MAX_REQUEST_BYTES = 4096;

/** `/-/snapshot.save`: answers SAVE_FRAMEs. */
export const saveRoute: StreamRoute = {
  role: 'system',
  method: 'POST',
  async handle(request, response, agent, signal) {
    const order = requestSchema.parse(JSON.parse(await readText(readBody(request, signal)))) satisfies SaveRequest;
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
    try {
      for await (const frames of agent.snapshots.save(order, signal)) await write(response, frames);
      response.end();
    } catch (error) {
      response.end(encodeJsonFrame(SAVE_FRAME.error, asRoseError(error).toBody()));
    }
  },
};

/** `/-/snapshot.load`: takes LOAD_FRAMEs, answers LOAD_ANSWERs. */
export const loadRoute: StreamRoute = {
  role: 'system',
  method: 'POST',
  async handle(request, response, agent, signal) {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
    try {
      for await (const message of agent.snapshots.load(readBody(request, signal), signal)) {
        if (message.answer === 'loaded') response.end(encodeJsonFrame(LOAD_ANSWER.result, message.standing.outcome));
        else await write(response, encodeJsonFrame(LOAD_ANSWER.progress, { done: message.done, all: message.all }));
      }
    } catch (error) {
      response.end(encodeJsonFrame(LOAD_ANSWER.error, asRoseError(error).toBody()));
      request.resume();
    }
  },
};

/** Writes and waits while the reader is slow. */
export async function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  if (response.destroyed) throw cancelled();
  if (response.write(bytes)) return;
  const closed = new AbortController();
  const leave = (): void => closed.abort();
  response.once('close', leave);
  try {
    await once(response, 'drain', { signal: closed.signal });
  } finally {
    response.off('close', leave);
  }
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const part of body) {
    text += part.toString('utf8');
    if (text.length > MAX_REQUEST_BYTES) throw new RangeError('The request is too long.');
  }
  return text;
}
