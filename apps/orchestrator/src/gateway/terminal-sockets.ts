import { RoseError, TERMINAL_RESPONSE } from '@rose/contract';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { Context } from '../context.ts';
import { asRoseError } from '../http/errors.ts';
import { nothingHere } from '../http/failures.ts';
import { projectCaller, type ProjectCaller } from './project-caller.ts';
import { carryTerminal } from './terminal-carrier.ts';

/** A connection that does not answer a ping by the next one is gone. */
const PING_MS = 30_000;
/** A project may be deleted. */
const LOOK_MS = 30_000;
/** The WebSocket protocol leaves 4000 to 4999 to applications: 4000 + the HTTP status of the failure. */
const CLOSE_CODES = 4000;
const CLOSED_NORMALLY = 1000;

/** The WebSockets to terminals, which end here: what is between them and an agent are frames of its byte stream. */
export function addTerminalSockets(scope: FastifyInstance, context: Context, url: string): void {
  const callers = new WeakMap<FastifyRequest, ProjectCaller>();
  scope.route({
    method: 'GET',
    url,
    onRequest: async (request) => {
      if (request.ws) callers.set(request, await projectCaller(context, request, 'change', 'editor'));
    },
    handler: (request) => Promise.reject(nothingHere(request)),
    wsHandler: (socket, request) => serve(context, socket, request, callers.get(request)!),
  });
}

async function serve(context: Context, socket: WebSocket, request: FastifyRequest, caller: ProjectCaller) {
  const { identity, credentials, project } = caller;
  const { access, containers, projectAccess } = context.services;
  using stack = new DisposableStack();
  const left = new AbortController();
  const refuse = (error: unknown): void => left.abort(asRoseError(error, request.id));
  socket.once('close', () => left.abort());
  stack.use(access.watch(identity, credentials, () => refuse(signedOut())));
  stack.use(projectAccess.watch(identity.account.id, project, refuse));
  stack.use(every(LOOK_MS, () => projectAccess.require(identity.account.id, project.id, 'editor').catch(refuse)));
  stack.use(keepAlive(socket));
  try {
    const { signal } = left;
    await carryTerminal(containers, socket, { projectId: project.id, query: queryOf(request), signal, refuse });
    socket.close(CLOSED_NORMALLY);
  } catch (error) {
    const failure = asRoseError(left.signal.aborted ? left.signal.reason : error, request.id);
    if (socket.readyState === socket.OPEN) tell(socket, failure);
  }
}

/** The failure itself, since a code and 123 bytes of reason are all that a close can say. */
function tell(socket: WebSocket, error: RoseError): void {
  const body = Buffer.from(JSON.stringify(error.toBody()));
  socket.send(Buffer.concat([Buffer.of(TERMINAL_RESPONSE.ERROR), body]));
  socket.close(CLOSE_CODES + error.status);
}

function keepAlive(socket: WebSocket): Disposable {
  let isAlive = true;
  socket.on('pong', () => (isAlive = true));
  return every(PING_MS, () => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  });
}

function every(ms: number, deed: () => unknown): Disposable {
  const timer = setInterval(deed, ms).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function queryOf({ url }: FastifyRequest): string {
  return url.includes('?') ? url.slice(url.indexOf('?')) : '';
}

function signedOut(): RoseError {
  return new RoseError('UNAUTHENTICATED', 'The session or API token that this terminal was opened with has ended.');
}
