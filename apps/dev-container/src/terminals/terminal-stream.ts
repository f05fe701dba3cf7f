import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { decodePosition, MAX_TERMINAL_MESSAGE, RoseError, TERMINAL_REQUEST, TERMINAL_RESPONSE } from '@rose/contract';
import { decodeJson, encodeJsonFrame, FrameParser, type Frame } from '@rose/snapshot';
import { z } from 'zod';
import { asRoseError, refused } from '../failures.ts';
import { readQuery } from '../query.ts';
import type { StreamRoute } from '../streams.ts';
import type { Terminal } from './terminal.ts';
import { TerminalReader } from './terminal-reader.ts';
import { terminalSizeSchema } from './terminals-router.ts';

/** Input that the shell has not taken; then no more is read. */
const MAX_UNREAD_BYTES = 256 * 1024;

const querySchema = z.strictObject({
  id: z.uuid(),
  after: z
    .string()
    .regex(/^\d{1,15}$/, 'A number of bytes is needed.')
    .transform(Number)
    .default(0),
});

/** `/-/terminals.attach`: frames both ways, see TERMINAL_REQUEST and TERMINAL_RESPONSE of the contract. */
export const attachRoute: StreamRoute = {
  role: 'editor',
  method: 'POST',
  async handle(request, response, agent, signal) {
    const { id, after } = readQuery(request.url, querySchema);
    const terminal = agent.terminals.get(id);
    const reader = new TerminalReader(terminal, response, after);
    terminal.attach(reader);
    try {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
      reader.wake();
      await Promise.race([finished(response, { readable: false }), readInput(request, terminal, reader, signal)]);
    } catch (error) {
      if (!response.destroyed) response.write(encodeJsonFrame(TERMINAL_RESPONSE.ERROR, asRoseError(error).toBody()));
    } finally {
      terminal.detach(reader);
      end(request, response);
    }
  },
};

/** Returns when the caller has no more to say. @throws RoseError INVALID_INPUT, STOPPING */
async function readInput(request: IncomingMessage, terminal: Terminal, reader: TerminalReader, signal: AbortSignal) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const parser = new FrameParser(MAX_TERMINAL_MESSAGE);
  const onTaken = (): void => {
    if (!reader.isHeldBack || terminal.pty.unread > MAX_UNREAD_BYTES / 2) return;
    reader.isHeldBack = false;
    request.resume();
  };
  const take = (chunk: Buffer): void => {
    try {
      for (const frame of parser.push(chunk)) handle(frame, terminal, reader, onTaken);
      if (terminal.pty.unread <= MAX_UNREAD_BYTES || reader.isHeldBack) return;
      reader.isHeldBack = true;
      request.pause();
      reader.wake();
    } catch (error) {
      reject(asRoseError(error));
    }
  };
  const leave = (): void => reject(new RoseError('STOPPING', 'The dev container is stopping.'));
  signal.addEventListener('abort', leave, { once: true });
  request.on('data', take).once('end', resolve).once('close', resolve);
  if (signal.aborted) leave();
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', leave);
    request.off('data', take);
  }
}

function handle({ type, payload }: Frame, terminal: Terminal, reader: TerminalReader, onTaken: () => void): void {
  switch (type) {
    case TERMINAL_REQUEST.INPUT:
      // A copy: the parser's buffer would be held as long as the shell does not read.
      return terminal.pty.write(Buffer.from(payload), onTaken);
    case TERMINAL_REQUEST.RESIZE:
      return terminal.resize(terminalSizeSchema.parse(decodeJson(payload)));
    case TERMINAL_REQUEST.ACK:
      return reader.acknowledge(positionOf(payload));
    default:
      throw refused('body', `A terminal takes no frame of type ${type}.`);
  }
}

function positionOf(payload: Buffer): number {
  try {
    return decodePosition(payload).position;
  } catch (cause) {
    throw refused('body', `An acknowledgement must hold a position: ${String(cause)}`);
  }
}

/** What the caller still sends is thrown away, so that he reads the end. */
function end(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  if (!response.writableEnded) response.end();
}
