import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RoseError } from '@rose/contract';
import type { Log } from '../log.ts';
import { poll } from '../wait.ts';
import { readConnection, urlOf, writeConnection } from './connection-file.ts';
import { freePort } from './free-port.ts';
import { chooseIdentity } from './identity.ts';
import { initialise } from './initialise.ts';
import { findLauncher } from './launcher.ts';
import { readPostmaster, removePostmaster } from './postmaster-file.ts';
import { isServerOn, serverProcesses, signal as sendSignal } from './processes.ts';
import { adoptServer, PortTaken, startServer, stopServer, type Server, type ServerOptions } from './server.ts';

export interface EmbeddedPostgresOptions {
  /** The server's own directory; made if missing. The caller holds the lock on it or on a directory above. */
  state: string;
  log: Log;
  /** false: for tests, faster, and lost with the machine. */
  isDurable?: boolean;
  /** Cancels the start. */
  signal?: AbortSignal;
}

/** A PostgreSQL 16 of our own; started again when it dies; stopped by disposing it. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** URL of a database of this server, which need not exist. The same for as long as the server is not disposed. */
  url(database: string): string;
}

const PORT_ATTEMPTS = 5;
const ORPHANS_MS = 5000;
const RESTART_MS = [100, 500, 2000, 5000, 15_000] as const;

/**
 * Makes the cluster if need be and starts its server, or adopts the one that a killed orchestrator left.
 * @throws RoseError DATABASE_UNAVAILABLE with a remedy.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { state, log, signal } = options;
  mkdirSync(state, { recursive: true });
  // The server's user passes through; the files in it are closed one by one.
  chmodSync(state, 0o711);
  const identity = chooseIdentity(path.join(state, 'data'));
  const isDurable = options.isDurable ?? true;
  const launcher = findLauncher(state, identity);
  await initialise({ state, identity, launcher, isDurable, signal });
  const server = await bringUp({ state, launcher, isDurable, signal }, log, true);
  return supervise(server, { state, launcher, isDurable }, log);
}

function supervise(first: Server, options: ServerOptions, log: Log): EmbeddedPostgres {
  const connection = readConnection(options.state);
  const closing = new AbortController();
  let server: Server | null = first;
  const guard = async () => {
    for (let attempt = 0; ;) {
      await server?.gone;
      if (closing.signal.aborted) return;
      server = null;
      const wait = RESTART_MS[Math.min(attempt++, RESTART_MS.length - 1)];
      log.error(`The embedded PostgreSQL ended unexpectedly; it is started again in ${wait} ms.`);
      await sleep(wait, undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) return;
      try {
        // The port stays: every connection string in use names it.
        server = await bringUp({ ...options, signal: closing.signal }, log, false);
        attempt = 0;
      } catch (error) {
        if (!closing.signal.aborted) log.error({ err: error }, 'The embedded PostgreSQL could not be started again.');
      }
    }
  };
  const guarded = guard();
  return {
    url: (database) => urlOf(connection, database),
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      if (server !== null) await stopServer(server);
      await guarded;
    },
  };
}

async function bringUp(options: ServerOptions, log: Log, mayMove: boolean): Promise<Server> {
  const { state, signal } = options;
  const data = path.join(state, 'data');
  const connection = readConnection(state);
  const adopted = await adoptServer(data, signal);
  if (adopted !== null) {
    log.info(`Adopted the embedded PostgreSQL that was left running (process ${adopted.pid}).`);
    if (adopted.port !== connection.port) writeConnection(state, { ...connection, port: adopted.port });
    return adopted;
  }
  await endServers(data, signal);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startServer(options, connection.port);
    } catch (error) {
      if (!(error instanceof PortTaken) || !mayMove || attempt === PORT_ATTEMPTS) throw error;
      connection.port = await freePort();
      writeConnection(state, connection);
    }
  }
}

/**
 * Ends what a killed orchestrator or postmaster left on a data directory that nobody else manages:
 * servers, workers that would keep a new one from starting, a file that names a process which is none.
 * @throws RoseError DATABASE_UNAVAILABLE when they do not end.
 */
export async function endServers(data: string, signal?: AbortSignal): Promise<void> {
  for (const pid of serverProcesses(data)) sendSignal(pid, 'SIGKILL');
  const isGone = await poll(ORPHANS_MS, 20, () => serverProcesses(data).length === 0 || null, signal);
  if (isGone === null) {
    throw new RoseError(
      'DATABASE_UNAVAILABLE',
      `Processes of an earlier embedded PostgreSQL do not end: ${serverProcesses(data).join(', ')}.`,
    );
  }
  const stale = readPostmaster(data);
  if (stale !== null && !isServerOn(stale.pid, data)) removePostmaster(data);
}
