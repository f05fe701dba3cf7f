import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RoseError } from '@rose/contract';
import type { Logger } from 'pino';
import type { ContainersService } from '../containers/containers-service.ts';
import { asRoseError } from '../http/errors.ts';
import { logFailure } from '../http/failures.ts';
import type { Admissions } from './admissions.ts';
import { appFailure } from './app-failure.ts';
import { passRequest } from './app-request.ts';
import { exchangeOf, upgradeOf, type Exchange } from './exchange.ts';
import { isOwnPage, isVisit } from './own-page.ts';
import { asleep, badAddress, failed, foreignPage, notHere, notLetIn, sendPage, type Page } from './pages.ts';
import type { PassSeal } from './pass.ts';
import { connectPort } from './port-stream.ts';
import { passCookie, passesIn } from './preview-cookie.ts';
import type { Place, PreviewHosts } from './preview-hosts.ts';
import { ENTRANCE, type PreviewsService } from './previews-service.ts';
import { requestHeaders } from './request-headers.ts';
import { Slots } from './slots.ts';

export interface PreviewDoorOptions {
  hosts: PreviewHosts;
  previews: PreviewsService;
  admissions: Admissions;
  seal: PassSeal;
  containers: ContainersService;
  log: Logger;
}

const OWN_PATHS = '/.rose/';
/** Each takes one of the connections to the container, of which its other calls need some too. */
const MOST_REQUESTS = 64;
const MOST_WEB_SOCKETS = 64;
const MOST_WAITING = 1000;
const WAIT_MS = 30_000;

/** What stands before previews: everything on their hosts is answered here, and nothing else. */
export class PreviewDoor {
  readonly #options: PreviewDoorOptions;
  readonly #requests = new Slots({ most: MOST_REQUESTS, mostWaiting: MOST_WAITING, waitMs: WAIT_MS });
  readonly #webSockets = new Slots({ most: MOST_WEB_SOCKETS, mostWaiting: 0, waitMs: WAIT_MS });
  readonly #upgraded = new Set<Duplex>();
  #isClosing = false;

  constructor(options: PreviewDoorOptions) {
    this.#options = options;
  }

  /** Whether a request is for a preview's host. */
  takes({ headers }: IncomingMessage): boolean {
    return this.#options.hosts.find(headers.host) !== null;
  }

  /** Apps may change to WebSockets and nothing else: what asks for more is a request as any other. */
  mayUpgrade(request: IncomingMessage): boolean {
    return request.headers.upgrade?.toLowerCase() === 'websocket' || !this.takes(request);
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    this.#begin(exchangeOf(request, response));
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    const exchange = upgradeOf(request, socket, head);
    if (exchange !== null) this.#begin(exchange);
  }

  /** Ends WebSockets, which would hold up the end of the server, and lets nobody in any more. */
  close(): void {
    this.#isClosing = true;
    for (const socket of this.#upgraded) socket.destroy();
  }

  #begin(exchange: Exchange): void {
    this.#serve(exchange).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'A preview failed, and could not say so.');
      exchange.request.socket.destroy();
    });
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { hosts, log } = this.#options;
    const { request, response, signal } = exchange;
    const place = hosts.find(request.headers.host)!;
    try {
      if (this.#isClosing) throw new RoseError('STOPPING', 'RoSE is stopping.');
      const page = await this.#dealWith(exchange, place);
      if (page !== null) sendPage(request, response, page);
    } catch (error) {
      if (signal.aborted) return;
      const requestId = randomUUID();
      const failure = asRoseError(error, requestId);
      logFailure(log, failure, { ...place, requestId });
      sendPage(request, response, failed(failure));
    } finally {
      // Its addresses are the app's own affair.
      log.debug({ ...place, method: request.method, status: response.statusCode }, 'A preview was asked.');
    }
  }

  /** @returns what is to be said to the browser; null when it was answered */
  async #dealWith(exchange: Exchange, place: Place): Promise<Page | null> {
    const { hosts, admissions } = this.#options;
    const { request } = exchange;
    const address = request.url ?? '';
    if (!address.startsWith('/')) return badAddress();
    if (address.split('?', 1)[0] === ENTRANCE && request.method === 'GET') return await this.#letIn(exchange, place);
    if (address.startsWith(OWN_PATHS)) return notHere();
    const admission = await admissions.find(place, passesIn(request.headers.cookie, hosts.isSecure));
    if (admission === null) return notLetIn(place, hosts.roseUrl);
    if (!isOwnPage(request, (origin) => this.#isOfProject(origin, place))) return foreignPage();
    using _ = admissions.watch(admission, () => request.socket.destroy());
    const slots = exchange.head === null ? this.#requests : this.#webSockets;
    using _slot = await slots.hold(place.projectId, exchange.signal);
    return await this.#pass(exchange, place);
  }

  /** Gives the pass that a ticket or a link stands for to the browser, as a cookie of this host alone. */
  async #letIn({ request, response }: Exchange, place: Place): Promise<Page | null> {
    const { hosts, previews, seal } = this.#options;
    const { searchParams } = new URL(request.url ?? '', hosts.roseUrl);
    const pass = await previews.enter(place, { ticket: searchParams.get('ticket'), link: searchParams.get('link') });
    if (pass === null) return notLetIn(place, hosts.roseUrl);
    response.writeHead(303, {
      location: '/',
      'set-cookie': passCookie(seal.seal(pass), pass, hosts.isSecure),
      'content-length': 0,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    response.end();
    return null;
  }

  async #pass(exchange: Exchange, place: Place): Promise<Page | null> {
    const { containers, hosts } = this.#options;
    const { request, signal } = exchange;
    const { projectId, port } = place;
    // A page that was left open asks again and again: that is no use, and brings back nothing that somebody stopped.
    const isUse = isVisit(request);
    if (!isUse && !containers.awake().includes(projectId)) return asleep();
    const agent = await (isUse ? containers.wake(projectId, signal) : containers.wakeQuietly(projectId, signal));
    const connection = await connectPort(agent, port, signal).catch((error: unknown) => appFailure(error, port));
    if ('title' in connection) return connection;
    using _ = containers.activity.begin(projectId);
    await passRequest(exchange, {
      connection,
      port,
      headers: requestHeaders(request.headers, port, hosts.originOf(place)),
      originOf: (other) => hosts.originOf({ projectId, port: other }),
    });
    return null;
  }

  #isOfProject(origin: string, { projectId }: Place): boolean {
    const { hosts } = this.#options;
    const place = hosts.find(origin.replace(/^https?:\/\//, ''));
    return place?.projectId === projectId && hosts.originOf(place) === origin;
  }
}
