import type { IncomingMessage, ServerResponse } from 'node:http';
import { RoseError } from '@rose/contract';
import type { Agent } from './agent.ts';
import { cancelled, refused } from './failures.ts';
import { streams } from './streams.ts';
import { roleRefusal, type Role } from './trpc.ts';

export interface StreamCall {
  request: IncomingMessage;
  response: ServerResponse;
  agent: Agent;
  role: Role;
  /** Aborts when the agent stops. */
  stopping: AbortSignal;
}

/**
 * Runs one byte stream.
 * @throws RoseError
 */
export async function serveStream(name: string, call: StreamCall): Promise<void> {
  const { request, response, agent, role, stopping } = call;
  const route = Object.hasOwn(streams, name) ? streams[name] : undefined;
  if (route === undefined) throw new RoseError('NOT_FOUND', 'The agent has no such stream.', { what: 'stream' });
  const refusal = roleRefusal(role, route.role);
  if (refusal !== null) throw refusal;
  if (request.method !== route.method) throw refused('method', `The stream ${name} is called with ${route.method}.`);

  const left = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) left.abort(cancelled());
  });
  try {
    await route.handle(request, response, agent, AbortSignal.any([left.signal, stopping]));
  } catch (error) {
    // What fails because the connection is gone is no failure of the deed.
    throw left.signal.aborted || request.errored ? cancelled() : error;
  }
}
