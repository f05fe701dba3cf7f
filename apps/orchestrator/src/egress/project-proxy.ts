import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { listenOnSocket } from '../drivers/runtime/socket.ts';
import { dial } from './dial.ts';
import { forward } from './forward.ts';
import { limited, systemLookup, type Lookup } from './lookup.ts';
import { RefusalReports, type Refusal } from './refusals.ts';
import { judge, Refused, type EgressPolicy, type EgressRules } from './rules.ts';
import { targetOfAuthority, targetOfUrl, type Target } from './target.ts';
import { carry } from './tunnel.ts';

export interface ProxyBounds {
  connections: number;
  headerBytes: number;
  /** A request's head must be here by then, ms. */
  headerMs: number;
  /** A connection on which nothing moves either way ends, ms. */
  idleMs: number;
}

export const DEFAULT_BOUNDS: ProxyBounds = { connections: 256, headerBytes: 16_384, headerMs: 10_000, idleMs: 600_000 };

/** At a time, for one project. */
const LOOKUPS = 8;

export interface ProjectProxyOptions {
  projectId: number;
  policy: EgressPolicy;
  rules: EgressRules;
  refused: (refusal: Refusal) => void;
  /** How names are resolved; the system's way when not given. */
  lookup?: Lookup;
  bounds?: ProxyBounds;
}

/** The way out of one project's container: an HTTP proxy (CONNECT, and http in absolute form) on a unix socket. */
export class ProjectProxy implements AsyncDisposable {
  readonly #options: ProjectProxyOptions;
  readonly #bounds: ProxyBounds;
  readonly #reports: RefusalReports;
  readonly #lookup: Lookup;
  readonly #server: http.Server;
  /** What runs, so that a stricter policy ends it. */
  readonly #open = new Map<AbortController, Target>();
  #policy: EgressPolicy;

  constructor(options: ProjectProxyOptions) {
    this.#options = options;
    this.#policy = options.policy;
    this.#bounds = options.bounds ?? DEFAULT_BOUNDS;
    this.#lookup = limited(options.lookup ?? systemLookup, LOOKUPS);
    this.#reports = new RefusalReports(options.refused);
    const { headerBytes, headerMs, idleMs, connections } = this.#bounds;
    this.#server = http.createServer({
      maxHeaderSize: headerBytes,
      headersTimeout: headerMs,
      // A body may take hours, as long as it moves.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(headerMs, 5000),
    });
    this.#server.maxConnections = connections;
    this.#server.setTimeout(idleMs);
    this.#server.on('request', (request, response) => void this.#forward(request, response));
    this.#server.on('connect', (request, client, head) => void this.#tunnel(request, client as Socket, head));
  }

  listen(socketPath: string): Promise<void> {
    return listenOnSocket(this.#server, socketPath);
  }

  /** Holds from now on, also for what is open already. */
  setPolicy(policy: EgressPolicy): void {
    this.#policy = policy;
    for (const [controller, target] of this.#open) {
      try {
        judge(target, policy, this.#options.rules);
      } catch {
        controller.abort();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const controller of this.#open.keys()) controller.abort();
    this.#server.closeAllConnections();
    await closed;
  }

  async #tunnel(request: IncomingMessage, client: Socket, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    const target = targetOfAuthority(request.url ?? '');
    if (target === null) return void client.end(answer(400, 'CONNECT needs HOST:PORT.'));
    try {
      await this.#connected(target, client, async (remote, signal) => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        if (head.length > 0) client.unshift(head);
        await carry(client, remote, this.#bounds.idleMs, signal);
      });
    } catch (error) {
      if (client.writable) client.end(answer(statusOf(error), messageOf(error)));
    }
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wanted = targetOfUrl(request.url ?? '');
    try {
      if (wanted === null) return refuse(response, 400, 'This is a proxy: it takes http:// URLs and CONNECT.');
      const { path, authority } = wanted;
      const { headerBytes, idleMs } = this.#bounds;
      await this.#connected(wanted.target, request.socket, (remote, signal) =>
        forward(request, response, remote, { path, authority, headerBytes, idleMs, signal }),
      );
    } catch (error) {
      if (response.headersSent) response.destroy();
      else refuse(response, statusOf(error), messageOf(error));
    }
  }

  /** Judges, connects, and does `work` with the connection, which is closed afterwards. */
  async #connected(
    target: Target,
    client: Socket,
    work: (remote: Socket, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const controller = new AbortController();
    const left = (): void => controller.abort();
    client.once('close', left);
    this.#open.set(controller, target);
    try {
      const { rules } = this.#options;
      const { permitted } = judge(target, this.#policy, rules);
      const remote = await dial(target, permitted, rules, this.#lookup, controller.signal);
      remote.on('error', () => remote.destroy());
      try {
        controller.signal.throwIfAborted();
        await work(remote, controller.signal);
      } finally {
        remote.destroy();
      }
    } catch (error) {
      if (error instanceof Refused) {
        this.#reports.add({ projectId: this.#options.projectId, ...target, reason: error.message });
      }
      throw error;
    } finally {
      client.off('close', left);
      this.#open.delete(controller);
    }
  }
}

function statusOf(error: unknown): number {
  return error instanceof Refused ? 403 : 502;
}

/** One line, of ours: what a resolver or the kernel says may tell of the host's network. */
function messageOf(error: unknown): string {
  return error instanceof Refused ? error.message : 'The host cannot be reached.';
}

function answer(status: number, line: string): string {
  const body = `${line}\n`;
  const head = [
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function refuse(response: ServerResponse, status: number, line: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${line}\n`);
}
