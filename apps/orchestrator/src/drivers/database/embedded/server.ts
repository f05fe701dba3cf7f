import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RoseError } from '@rose/contract';
import { atMost, poll } from '../wait.ts';
import type { Launcher } from './launcher.ts';
import { readPostmaster } from './postmaster-file.ts';
import { isRunning, isServerOn, signal as sendSignal } from './processes.ts';

/** A server process, started by us or adopted. */
export interface Server {
  pid: number;
  port: number;
  /** Settles, never rejects, when the process is gone. */
  gone: Promise<void>;
}

export interface ServerOptions {
  state: string;
  launcher: Launcher;
  isDurable: boolean;
  signal?: AbortSignal;
}

/** Recovery after a crash replays the log, which can take its time. */
const READY_MS = 120_000;
const LOG_BYTES = 1 << 20;

/** Somebody else listens on the port. */
export class PortTaken extends Error {}

/** Starts the server and returns when it takes connections. @throws PortTaken, RoseError DATABASE_UNAVAILABLE. */
export async function startServer(options: ServerOptions, port: number): Promise<Server> {
  const { state, launcher, signal } = options;
  const log = openLog(path.join(state, 'server.log'));
  const start = fstatSync(log).size;
  const child = launcher.spawn('postgres', argumentsOf(options, port), ['ignore', log, log]);
  child.unref();
  let ended: string | null = null;
  const gone = new Promise<void>((resolve) => {
    child.once('error', (error) => resolve(void (ended = error.message)));
    child.once('exit', (code, by) => resolve(void (ended = `it ended with ${code ?? by}`)));
  });
  const data = path.join(state, 'data');
  try {
    const isUp = await poll(READY_MS, 20, () => ended !== null || isReady(data, child.pid) || null, signal);
    if (isUp === true && ended === null && child.pid !== undefined) return { pid: child.pid, port, gone };
    const said = tail(log, start);
    if (said.includes('could not create any TCP/IP sockets')) throw new PortTaken(said);
    const failure = ended ?? `it was not ready within ${READY_MS / 1000} seconds`;
    throw new RoseError('DATABASE_UNAVAILABLE', `The embedded PostgreSQL did not start: ${failure}. ${said}`);
  } catch (error) {
    if (ended === null && child.pid !== undefined) await stopServer({ pid: child.pid, port, gone });
    throw error;
  } finally {
    closeSync(log);
  }
}

/** The server that an orchestrator left behind, once it takes connections; null when there is none. */
export async function adoptServer(data: string, signal?: AbortSignal): Promise<Server | null> {
  const found = readPostmaster(data);
  if (found === null || !isServerOn(found.pid, data)) return null;
  const { pid } = found;
  const ready = await poll(
    READY_MS,
    50,
    () => {
      const now = readPostmaster(data);
      if (now === null || now.pid !== pid || !isRunning(pid)) return 'gone';
      return now.isReady ? now : null;
    },
    signal,
  );
  if (ready === 'gone') return null;
  if (ready !== null) return { pid, port: ready.port, gone: watchForeign(pid) };
  throw new RoseError(
    'DATABASE_UNAVAILABLE',
    `The embedded PostgreSQL that already runs (process ${pid}) does not become ready. End it and start again.`,
  );
}

/** Ends a server: fast, within 5 s; what is not gone then is ended hard and recovers at the next start. */
export async function stopServer({ pid, gone }: Server): Promise<void> {
  for (const [name, milliseconds] of [
    ['SIGINT', 5000],
    ['SIGQUIT', 1500],
    ['SIGKILL', 1500],
  ] as const) {
    sendSignal(pid, name);
    const isGone = await atMost(
      milliseconds,
      gone.then(() => true),
    );
    if (isGone === true) return;
  }
}

const isReady = (data: string, pid: number | undefined) => {
  const postmaster = readPostmaster(data);
  return postmaster !== null && postmaster.pid === pid && postmaster.isReady;
};

function argumentsOf({ launcher, isDurable }: ServerOptions, port: number): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: isDurable ? 100 : 300,
    timezone: 'UTC',
    log_timezone: 'UTC',
    // The callers get their errors; the log keeps what concerns the server, so it stays small.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    ...(isDurable ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
  };
  return [
    '-D',
    path.join(launcher.state, 'data'),
    ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
  ];
}

function openLog(file: string): number {
  if (existsSync(file) && statSync(file).size > LOG_BYTES) renameSync(file, `${file}.old`);
  return openSync(file, 'a+', 0o600);
}

function tail(log: number, start: number): string {
  const buffer = Buffer.alloc(2000);
  const end = fstatSync(log).size;
  const from = Math.max(start, end - buffer.length);
  return buffer.toString('utf8', 0, readSync(log, buffer, 0, buffer.length, from)).trim();
}

/** Only a parent is told of an end: others have to look. */
async function watchForeign(pid: number): Promise<void> {
  while (isRunning(pid)) await sleep(200, undefined, { ref: false });
}
