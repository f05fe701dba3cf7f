import { Readable } from 'node:stream';
import {
  encodePosition,
  MAX_TERMINAL_MESSAGE,
  RoseError,
  STREAMS,
  TERMINAL_REQUEST,
  TERMINAL_RESPONSE,
} from '@rose/contract';
import { encodeFrame, FrameError, readFrames } from '@rose/snapshot';
import { createWebSocketStream, type WebSocket } from 'ws';
import type { ContainersService } from '../containers/containers-service.ts';

/** More than this is not handed to a connection that does not take it. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const MAX_WAITING_MESSAGES = 16;
const REQUESTS = new Set<number>(Object.values(TERMINAL_REQUEST));
const RESPONSES = new Set<number>(Object.values(TERMINAL_RESPONSE));

export interface TerminalCall {
  projectId: number;
  /** With its question mark. */
  query: string;
  /** Aborts when the caller is gone or may not stay. */
  signal: AbortSignal;
  /** Told what the caller sent that nobody may send. */
  refuse: (error: RoseError) => void;
}

/**
 * Carries the messages of a WebSocket as frames to a terminal and back, at the reader's pace,
 * until the terminal ends or the caller leaves.
 * @throws RoseError
 */
export async function carryTerminal(containers: ContainersService, socket: WebSocket, call: TerminalCall) {
  const { projectId, query, signal } = call;
  // Messages wait here from now on, and the connection when there are too many.
  const messages = createWebSocketStream(socket, {
    readableObjectMode: true,
    readableHighWaterMark: MAX_WAITING_MESSAGES,
  });
  messages.on('error', () => {});
  const agent = await containers.wake(projectId, signal);
  const frames = await agent.stream({
    method: 'POST',
    path: `/-/${STREAMS.attachTerminal}${query}`,
    body: Readable.from(framesOf(messages, containers, call), { objectMode: false }),
    role: 'editor',
    signal,
    idleMs: 0,
  });
  try {
    for await (const { type, payload } of readFrames(frames, MAX_TERMINAL_MESSAGE)) {
      if (!RESPONSES.has(type)) throw lied();
      if (type === TERMINAL_RESPONSE.OUTPUT) containers.activity.touch(projectId);
      await send(socket, Buffer.concat([Buffer.of(type), payload]));
      if (type !== TERMINAL_RESPONSE.OUTPUT) return;
    }
  } catch (error) {
    if (error instanceof FrameError) throw lied(error);
    if (error instanceof RoseError) throw error;
  }
  throw new RoseError('AGENT_UNAVAILABLE', 'The dev container ended, and this terminal with it.');
}

/** What the caller sends, as frames. Only what somebody does counts as a use and wakes a container that is paused. */
async function* framesOf(messages: Readable, containers: ContainersService, call: TerminalCall) {
  const { projectId, signal, refuse } = call;
  // A request begins with the first piece of its body, and somebody may only want to look.
  yield encodeFrame(TERMINAL_REQUEST.ACK, encodePosition(0));
  for await (const message of messages.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const type = message[0];
    if (type === undefined || !REQUESTS.has(type)) return refuse(badMessage());
    if (type !== TERMINAL_REQUEST.ACK) {
      containers.activity.touch(projectId);
      if (containers.isPaused(projectId)) await containers.wake(projectId, signal);
    }
    yield encodeFrame(type, message.subarray(1));
  }
}

/** Returns when there is room for more. A connection that is gone has room for anything. */
async function send(socket: WebSocket, message: Buffer): Promise<void> {
  const isSent = new Promise<void>((resolve) => socket.send(message, () => resolve()));
  if (socket.bufferedAmount > MAX_BUFFERED_BYTES) await isSent;
}

function badMessage(): RoseError {
  const message = 'A terminal takes binary messages that begin with a known type.';
  return new RoseError('INVALID_INPUT', message, { issues: [{ path: '', message }] });
}

function lied(cause?: unknown): RoseError {
  return new RoseError('AGENT_LIED', 'The dev container broke the rules of terminals.', {}, { cause });
}
