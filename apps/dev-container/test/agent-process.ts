import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { SECRET } from './start-agent.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');

/** The agent as a process of its own, as a container runs it. */
export interface AgentProcess extends AsyncDisposable {
  process: ChildProcess;
  socket: string;
  /** Status and body of a call; null when nobody answers. */
  call(path: string, options?: { method?: string; body?: Buffer }): Promise<ProcessAnswer | null>;
}

export interface ProcessAnswer {
  status: number;
  body: string;
  bytes: Buffer;
}

export async function spawnAgent(home: string, env: Record<string, string> = {}): Promise<AgentProcess> {
  const socket = join(home, 'a.sock');
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH!,
      ROSE_AGENT_SOCKET: socket,
      ROSE_AGENT_SECRET: SECRET,
      ROSE_HOME: home,
      ROSE_AGENT_BUILD: 'process',
      ...env,
    },
  });
  const log = { text: '' };
  child.stderr.on('data', (chunk: Buffer) => (log.text += chunk.toString()));
  const agent: AgentProcess = {
    process: child,
    socket,
    call: (path, options) => callSocket(socket, path, options),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
  for (const until = Date.now() + 20_000; (await agent.call('/healthz')) === null;) {
    if (Date.now() > until || child.exitCode !== null) throw new Error(`the agent did not start: ${log.text}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return agent;
}

function callSocket(socketPath: string, path: string, options: { method?: string; body?: Buffer } = {}) {
  const headers = { 'x-rose-secret': SECRET, 'x-rose-role': 'system' };
  return new Promise<ProcessAnswer | null>((resolve) => {
    const request = http.request({ socketPath, path, headers, agent: false, method: options.method ?? 'GET' });
    request.on('error', () => resolve(null));
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => resolve(null));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode!, body: bytes.toString(), bytes });
      });
    });
    request.end(options.body);
  });
}
