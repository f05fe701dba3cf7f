import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { inferRouterOutputs } from '@trpc/server';
import { createAgent, type Agent } from '../src/agent.ts';
import type { AgentRouter } from '../src/router.ts';
import { startServer } from '../src/server.ts';
import type { Role } from '../src/trpc.ts';

export const SECRET = 'the secret of this container';

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

export interface CallOptions {
  method?: string;
  role?: Role | null;
  secret?: string | null;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

type Outputs = inferRouterOutputs<AgentRouter>;
/** What the procedure of that name answers. */
type OutputOf<N extends string> = N extends `${infer R}.${infer P}`
  ? R extends keyof Outputs
    ? P extends keyof Outputs[R]
      ? Outputs[R][P]
      : never
    : never
  : never;

/** A real agent with a home and a socket of its own. */
export interface TestAgent extends AsyncDisposable {
  agent: Agent;
  home: string;
  workspace: string;
  socket: string;
  /** A raw HTTP call. */
  call(path: string, options?: CallOptions): Promise<Answer>;
  query<N extends string>(name: N, input?: unknown, role?: Role): Promise<OutputOf<N>>;
  mutate<N extends string>(name: N, input?: unknown, role?: Role): Promise<OutputOf<N>>;
  /** An open request, for calls that stream both ways. */
  open(path: string, options?: CallOptions): http.ClientRequest;
}

/** What a failed procedure call told. */
export class CallFailed extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown>;
  constructor(status: number, body: { code: string; message: string; details: Record<string, unknown> }) {
    super(body.message);
    this.status = status;
    this.code = body.code;
    this.details = body.details;
  }
}

/** @param options.home a directory to use, and to remove in the end */
export async function startAgent(options: { egressSocket?: string; home?: string } = {}): Promise<TestAgent> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'rose-agent-')));
  const socket = join(home, 'agent.sock');
  const agent = await createAgent({
    agentSocket: socket,
    egressSocket: options.egressSocket ?? null,
    secret: SECRET,
    build: 'test',
    home,
    warm: false,
    inherited: { PATH: process.env.PATH ?? '', FROM_CONTAINER: 'yes' },
    project: {},
  });
  const server = await startServer(agent);
  const test: TestAgent = {
    agent,
    home,
    workspace: join(home, 'workspace'),
    socket,
    call: (path, call) => callAgent(test.open(path, call), call?.body),
    open: (path, call) => openRequest(socket, path, call),
    query: async (name, input, role) => {
      const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
      return resultOf(await test.call(`/${name}${query}`, { role: role ?? 'viewer' }));
    },
    mutate: async (name, input, role) =>
      resultOf(
        await test.call(`/${name}`, {
          method: 'POST',
          role: role ?? 'editor',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(input),
        }),
      ),
    async [Symbol.asyncDispose]() {
      await Promise.all([server[Symbol.asyncDispose](), agent[Symbol.asyncDispose]()]);
      // A test may leave directories that not even their owner may change.
      execFileSync('chmod', ['-R', 'u+rwX', home]);
      await rm(home, { recursive: true, force: true });
    },
  };
  return test;
}

function openRequest(socketPath: string, path: string, options: CallOptions = {}): http.ClientRequest {
  const { method = 'GET', role = 'editor', secret = SECRET, headers } = options;
  return http.request({
    socketPath,
    path,
    method,
    agent: false,
    headers: {
      ...headers,
      ...(secret === null ? {} : { 'x-rose-secret': secret }),
      ...(role === null ? {} : { 'x-rose-role': role }),
    },
  });
}

function callAgent(request: http.ClientRequest, body: string | Uint8Array | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.end(body);
  });
}

function resultOf(answer: Answer): never {
  const body = JSON.parse(answer.body.toString()) as { result?: { data: unknown }; error?: { data: { rose: never } } };
  if (body.error) throw new CallFailed(answer.status, body.error.data.rose);
  // Typed by the name of the procedure, at the call.
  return body.result?.data as never;
}

export function errorOf(answer: Answer): { status: number; code: string; message: string } {
  return { status: answer.status, ...(JSON.parse(answer.body.toString()) as { code: string; message: string }) };
}
