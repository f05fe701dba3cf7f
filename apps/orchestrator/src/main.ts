import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { readConfig, type Config } from './config.ts';
import { createContext, type Context } from './context.ts';
import { boundHeapGrowth } from './heap-growth.ts';
import { createLog } from './http/log.ts';
import { createServer, portOf } from './server.ts';

export { createLog };

/** From the signal to the end of the process, ms: a little less than the 10 s that people may count on. */
const STOP_MS = 9500;
/** How long requests under way may take to finish, ms; containers and database need the rest. */
const DRAIN_MS = 2000;

/** An orchestrator that serves. Disposing it stops the server, then all that it started. */
export interface Orchestrator extends AsyncDisposable {
  /** Where it listens: `http://HOST:PORT`. */
  url: string;
  context: Context;
}

export interface RunOptions {
  /** Default: JSON lines on stderr. */
  log?: Logger;
  /** Cancels the start. */
  signal?: AbortSignal;
  /** Called when it can no longer do its work and must be disposed. */
  onFault?: (error: Error) => void;
}

/**
 * Starts an orchestrator and returns when it can serve.
 * @throws RoseError of the part that cannot start; Error EADDRINUSE when the port is taken.
 */
export async function run(config: Config, options: RunOptions = {}): Promise<Orchestrator> {
  const { log = createLog(config.logLevel), signal, onFault } = options;
  const logFault = (err: Error): void => log.fatal({ err }, 'RoSE must stop.');
  await using parts = new AsyncDisposableStack();
  const context = parts.use(await createContext(config, { log, signal, onFault: onFault ?? logFault }));
  const server = await createServer(context);
  parts.defer(() => close(server));
  await server.listen({ host: config.host, port: config.port });
  const { host } = config;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${portOf(server)}`;
  const owned = parts.move();
  return { url, context, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Lets requests under way finish for a while, then ends their connections. */
async function close(server: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), DRAIN_MS);
  try {
    await server.close();
  } finally {
    clearTimeout(timer);
  }
}

/** The program: serves until SIGTERM or SIGINT, then stops within 10 s. Ends the process. */
export async function main(): Promise<never> {
  using _heap = boundHeapGrowth();
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort(name));
  const config = configOrExit();
  const log = createLog(config.logLevel);
  let code = 0;
  const onFault = (err: Error): void => {
    log.fatal({ err }, 'RoSE must stop.');
    code = 1;
    stop.abort('fault');
  };
  process.on('uncaughtException', onFault);
  stop.signal.addEventListener('abort', () => {
    void wait(STOP_MS, undefined, { ref: false }).then(() => {
      log.error('Stopping took too long; what is left is ended or adopted by the next start.');
      process.exit(1);
    });
  });
  try {
    await using orchestrator = await run(config, { log, signal: stop.signal, onFault });
    if (!stop.signal.aborted) {
      process.stdout.write(`RoSE is ready at ${orchestrator.url}\n`);
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
    }
    log.info({ reason: String(stop.signal.reason) }, 'Stopping.');
  } catch (error) {
    if (!stop.signal.aborted) {
      log.fatal({ err: error }, 'RoSE cannot start.');
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      code = 1;
    }
  }
  process.exit(code);
}

function configOrExit(): Config {
  try {
    return readConfig();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

if (import.meta.main) await main();
