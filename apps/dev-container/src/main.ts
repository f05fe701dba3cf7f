import { flushCompileCache } from 'node:module';
import { createAgent } from './agent.ts';
import { loadArchiveLibraries } from './archive/archive-service.ts';
import { readEnvironment } from './environment.ts';
import { log } from './log.ts';
import { startServer } from './server.ts';

/** By then the agent is gone, whatever hangs. */
const STOP_MS = 4500;

const environment = readEnvironment();
if (environment.warm) {
  await loadArchiveLibraries();
  flushCompileCache();
  process.exit(0);
}

const agent = await createAgent(environment);
const server = await startServer(agent);
log('info', 'the agent serves', { socket: server.socket, build: environment.build, node: process.version });

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  log('info', 'the agent stops', { signal });
  setTimeout(() => process.exit(1), STOP_MS).unref();
  await Promise.all([server[Symbol.asyncDispose](), agent[Symbol.asyncDispose]()]);
  process.exit(0);
}
process.on('SIGTERM', (signal) => void stop(signal));
process.on('SIGINT', (signal) => void stop(signal));
// Ending would take every command and terminal of the user along.
process.on('uncaughtException', (error) => log('error', 'uncaught', { error: error.stack }));
process.on('unhandledRejection', (reason) => log('error', 'unhandled', { reason: String(reason) }));
