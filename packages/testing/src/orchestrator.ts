import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { createRoseClient, type RoseClient } from '@rose/client/node';
import type { Account } from '@rose/contract';
import { readConfig, type Config } from '@rose/orchestrator/config';
import { createLog, run, type Orchestrator } from '@rose/orchestrator/main';
import type { AppRouter } from '@rose/orchestrator/router';
import { createTRPCClient, httpLink, type TRPCClient } from '@trpc/client';
import { testDatabase } from './database.ts';

/** Somebody with an account, signed in. */
export interface Person extends Account {
  password: string;
  /** The session's id, as `Authorization: Bearer` takes it. */
  session: string;
  rose: RoseClient;
}

/** A whole orchestrator, with a database and a data directory of its own. */
export interface TestOrchestrator extends Orchestrator {
  config: Config;
  /** All that it has logged. */
  logged(): string;
  /** A bare client that comes with these headers; its failures are for `failureOf`. */
  rpc(headers?: Record<string, string>): TRPCClient<AppRouter>;
  /** `signUp('Ada')` makes ada@example.org. */
  signUp(name: string): Promise<Person>;
}

export interface TestOrchestratorOptions {
  /** Over the defaults: loopback, port 0, a fresh database and data directory. */
  config?: Partial<Config>;
}

/** Starts an orchestrator; `await using` stops it and removes what it kept. */
export async function testOrchestrator(options: TestOrchestratorOptions = {}): Promise<TestOrchestrator> {
  await using parts = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'rose-test-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const database = parts.use(await testDatabase());
  const config: Config = {
    ...readConfig({ DATABASE_URL: database.url, ROSE_DATA_DIR: dataDir, ROSE_PORT: '0', LOG_LEVEL: 'debug' }),
    ...options.config,
  };
  const log = captureLog();
  const orchestrator = parts.use(await run(config, { log: createLog(config.logLevel, log.stream) }));
  const { url, context } = orchestrator;
  const rpc = (headers: Record<string, string> = {}): TRPCClient<AppRouter> =>
    createTRPCClient<AppRouter>({ links: [httpLink({ url: `${url}/trpc`, headers })] });

  const owned = parts.move();
  return {
    url,
    context,
    config,
    logged: log.text,
    rpc,
    signUp: async (name) => {
      const email = `${name.toLowerCase()}@example.org`;
      const password = `${name} keeps a long password`;
      let session = '';
      const rose = createRoseClient({ url, onSession: (id) => (session = id ?? session) });
      const account = await rose.accounts.signUp.mutate({ email, name, password });
      return { ...account, password, session, rose };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The session id that an answer's cookie holds; null when it sets none. */
export function sessionOf(response: { headers: Headers }): string | null {
  const cookies = response.headers.getSetCookie();
  return cookies.map((cookie) => /^(?:__Host-)?rose=([^;]+)/.exec(cookie)?.[1]).find((id) => id !== undefined) ?? null;
}

function captureLog(): { stream: Writable; text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}
