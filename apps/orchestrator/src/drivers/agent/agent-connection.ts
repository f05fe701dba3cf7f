import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { errorFromBody, RoseError } from '@rose/contract';
import type { AgentRouter } from '@rose/dev-container/router';
import { createTRPCClient, httpLink, TRPCClientError, type TRPCClient } from '@trpc/client';
import { Pool, type Dispatcher } from 'undici';

/**
 * The orchestrator's way to one agent: HTTP over the connections that the runtime opens. Every
 * call carries the container's secret and a role; every answer has header and idle deadlines.
 */

export type AgentRole = 'viewer' | 'editor' | 'system';

export interface AgentRequest {
  method: 'GET' | 'POST' | 'HEAD';
  /** Path and query. */
  path: string;
  headers?: Record<string, string>;
  body?: Dispatcher.DispatchOptions['body'];
  role: AgentRole;
  signal?: AbortSignal;
  /** Ms until the answer begins; longer for deeds that answer only when they are done. */
  headersMs?: number;
  /** Ms without a byte of the answer's body; 0 for calls that may be silent for hours. */
  idleMs?: number;
}

export interface AgentAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Readable & {
    dump(options?: { limit: number }): Promise<void>;
    json(): Promise<unknown>;
    text(): Promise<string>;
  };
}

const HEADERS_MS = 30_000;
const IDLE_MS = 120_000;
const CONNECT_MS = 5_000;
const MAX_CONNECTIONS = 256;
const MAX_HEADER_BYTES = 16 * 1024;
/** What an agent says of a failure is read no further. */
const MAX_ERROR_BYTES = 256 * 1024;

export class AgentConnection implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #secret: string;
  /** The agent's router, called with the role `system`. */
  readonly trpc: TRPCClient<AgentRouter>;

  constructor(connect: () => Promise<Socket>, secret: string) {
    this.#secret = secret;
    this.#pool = new Pool('http://agent', {
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      bodyTimeout: IDLE_MS,
      connect: (_options, callback) => {
        withDeadline(connect(), CONNECT_MS).then(
          (socket) => callback(null, socket),
          (error: unknown) => callback(asError(error), null),
        );
      },
    });
    this.trpc = createTRPCClient<AgentRouter>({
      links: [httpLink({ url: 'http://agent', fetch: (url, init) => this.#fetch(url as string, init as TrpcInit) })],
    });
  }

  /** @throws RoseError AGENT_UNAVAILABLE, CANCELLED; an answer with an error status is an answer. */
  async request({ method, path, headers, body, role, signal, headersMs, idleMs }: AgentRequest): Promise<AgentAnswer> {
    try {
      const answer = await this.#pool.request({
        method,
        path,
        headers: { ...headers, 'x-rose-secret': this.#secret, 'x-rose-role': role },
        body: body ?? null,
        signal,
        headersTimeout: headersMs ?? HEADERS_MS,
        bodyTimeout: idleMs ?? IDLE_MS,
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (error) {
      throw translateAgentError(error, signal);
    }
  }

  /**
   * Opens a byte stream, with the role `system` unless another is named.
   * @throws RoseError what the agent refuses with
   */
  async stream(request: Omit<AgentRequest, 'role'> & { role?: AgentRole }): Promise<Readable> {
    const answer = await this.request({ role: 'system', ...request });
    if (answer.status === 200) return answer.body;
    const text = (await readBounded(answer.body, MAX_ERROR_BYTES)).toString('utf8');
    throw errorFromBody(parseJson(text)) ?? unavailable(`it answered ${answer.status}`);
  }

  async #fetch(url: string, init: TrpcInit): Promise<Response> {
    const { pathname, search } = new URL(url);
    const answer = await this.request({
      method: init.method === 'POST' ? 'POST' : 'GET',
      path: pathname + search,
      headers: { 'content-type': 'application/json' },
      body: init.body ?? undefined,
      role: 'system',
      signal: init.signal ?? undefined,
    });
    const body = await readBounded(answer.body, MAX_TRPC_BYTES);
    return new Response(new Uint8Array(body), {
      status: answer.status,
      headers: { 'content-type': 'application/json' },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}

const MAX_TRPC_BYTES = 8 * 1024 * 1024;

interface TrpcInit {
  method?: string;
  body?: string | null;
  signal?: AbortSignal | null;
}

/** A failed call of the agent's router in the words of the catalogue. */
export function translateAgentError(error: unknown, signal?: AbortSignal): RoseError {
  if (error instanceof RoseError) return error;
  if (signal?.aborted === true) return new RoseError('CANCELLED', 'The call was cancelled.', {}, { cause: error });
  if (error instanceof TRPCClientError) {
    const data = error.data as { rose?: unknown } | null | undefined;
    const told = errorFromBody(data?.rose) ?? (error.cause instanceof RoseError ? error.cause : null);
    if (told !== null) return told;
  }
  return unavailable(asError(error).message, error);
}

function unavailable(why: string, cause?: unknown): RoseError<'AGENT_UNAVAILABLE'> {
  return new RoseError(
    'AGENT_UNAVAILABLE',
    `The agent of the dev container does not answer (${why}). Try again; if it stays so, stop and start the project.`,
    {},
    { cause },
  );
}

async function readBounded(body: Readable, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > limit) {
      body.destroy();
      throw unavailable('its answer is too long');
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

async function withDeadline(connecting: Promise<Socket>, ms: number): Promise<Socket> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(unavailable('it cannot be connected to')), ms);
  try {
    return await Promise.race([connecting, late]);
  } catch (error) {
    connecting.then((socket) => socket.destroy()).catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
