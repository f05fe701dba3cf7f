import { lstat, unlink } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { RoseError } from '@rose/contract';
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http';
import type { Agent } from './agent.ts';
import { roleOfCaller } from './credentials.ts';
import { asRoseError } from './failures.ts';
import { log } from './log.ts';
import { appRouter } from './router.ts';
import { serveStream } from './stream-call.ts';
import type { Role } from './trpc.ts';

const MAX_HEADER_BYTES = 128 * 1024;
const HEADER_MS = 10_000;
/** A tRPC call's body, 1 MiB at most, must be here by then. */
const BODY_MS = 60_000;
const MAX_BODY_BYTES = 1024 * 1024;
const MAX_BATCH = 50;
const MAX_CONNECTIONS = 1024;

export interface AgentServer extends AsyncDisposable {
  readonly socket: string;
}

/** Serves the agent on its unix socket. Disposing ends every call, then closes. */
export async function startServer(agent: Agent): Promise<AgentServer> {
  const { agentSocket } = agent.environment;
  const stopping = new AbortController();
  const server = http.createServer(
    // Bodies of byte streams may take hours: each kind of call bounds its own.
    { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADER_MS, requestTimeout: 0, keepAliveTimeout: 60_000 },
    (request, response) => void serve(request, response, agent, stopping.signal),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await removeStaleSocket(agentSocket);
  // For every uid: the orchestrator may be neither root nor this one. Strangers cannot reach the folder.
  const endpoint = { path: agentSocket, readableAll: true, writableAll: true };
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(endpoint, resolve));
  return {
    socket: agentSocket,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      stopping.abort();
      const hurry = setTimeout(() => server.closeAllConnections(), 1000);
      await closed;
      clearTimeout(hurry);
    },
  };
}

/** What a killed agent left. Anything but a socket stays, and listening then fails. */
async function removeStaleSocket(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => null);
  if (stat?.isSocket()) await unlink(path);
}

async function serve(request: IncomingMessage, response: ServerResponse, agent: Agent, stopping: AbortSignal) {
  // A caller who leaves is noticed by 'close'; nothing else is to be done about it.
  request.on('error', () => {});
  response.on('error', () => {});
  try {
    const role = roleOfCaller(request.headers, agent.environment.secret);
    if (stopping.aborted) throw new RoseError('STOPPING', 'The agent is stopping.');
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (path === '/healthz') sayHealthy(response);
    else if (path.startsWith('/-/')) await serveStream(path.slice(3), { request, response, agent, role, stopping });
    else await serveProcedure(path.slice(1), request, response, agent, role);
  } catch (error) {
    sendError(request, response, asRoseError(error));
  }
}

async function serveProcedure(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  agent: Agent,
  role: Role,
) {
  // Once the body is here the call may take its time: a subscription lives for hours.
  const late = setTimeout(() => !request.complete && request.socket.destroy(), BODY_MS);
  response.once('close', () => clearTimeout(late));
  await nodeHTTPRequestHandler({
    req: request,
    res: response,
    path,
    router: appRouter,
    createContext: () => ({ agent, role }),
    maxBodySize: MAX_BODY_BYTES,
    maxBatchSize: MAX_BATCH,
  });
}

/** Whoever asks will soon call a procedure, for which tRPC needs fetch's Request: Node loads it while the answer travels. */
function sayHealthy(response: ServerResponse): void {
  response.once('finish', () => setImmediate(() => Reflect.get(globalThis, 'Request')));
  sendJson(response, 200, { ok: true });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}

/** Before the first byte the failure is told; after it the connection breaks off. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: RoseError): void {
  if (response.headersSent || response.destroyed) {
    if (error.code !== 'CANCELLED')
      log('warn', 'a call broke off', { url: request.url, code: error.code, reason: error.message });
    request.socket.destroy();
    return;
  }
  // The caller may still be sending; his body is thrown away for a while so that he reads this.
  request.resume();
  const late = setTimeout(() => !request.complete && request.socket.destroy(), HEADER_MS);
  request.once('close', () => clearTimeout(late));
  sendJson(response, error.status, error.toBody());
}
