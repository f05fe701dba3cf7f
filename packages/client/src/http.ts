import { asRoseError, brokenOff, errorFromAnswer, notRose } from './errors.ts';
import type { Fetch, FetchInit, FetchResponse, Upload } from './fetch.ts';

export interface HttpOptions {
  /** Base of every address, without a trailing slash; '' for the page's own origin. */
  base: string;
  fetch: Fetch;
  token: string | null;
  onSession?: (session: string | null) => void;
}

export interface ByteCall {
  method: 'GET' | 'POST';
  /** Path and query. */
  path: string;
  body?: Upload;
  /** Of the body. */
  type?: string;
  signal?: AbortSignal;
}

/** Calls to one RoSE in the name of one person. Keeps the session as a browser's cookie jar would. */
export class Http {
  readonly base: string;
  readonly #fetch: Fetch;
  readonly #onSession: ((session: string | null) => void) | undefined;
  #token: string | null;

  constructor({ base, fetch, token, onSession }: HttpOptions) {
    this.base = base;
    this.#fetch = fetch;
    this.#token = token;
    this.#onSession = onSession;
  }

  /** The address for people. */
  get url(): string {
    return this.base === '' ? globalThis.location.origin : this.base;
  }

  /** A call with whatever status it is answered. @throws RoseError UNREACHABLE, CANCELLED */
  async send(url: string, init: FetchInit): Promise<FetchResponse> {
    const headers = this.#token === null ? init.headers : { ...init.headers, authorization: `Bearer ${this.#token}` };
    try {
      const response = await this.#fetch(url, { ...init, headers });
      this.#keepSession(response);
      return response;
    } catch (error) {
      throw asRoseError(error, this.url);
    }
  }

  /** A WebSocket in the name of this person; browsers add the cookie themselves. */
  webSocket(path: string): WebSocket {
    const url = `${this.url}${path}`.replace(/^http/, 'ws');
    if (this.#token === null) return new WebSocket(url);
    // Node's own takes headers, which the type of browsers does not know.
    const init: unknown = { headers: { authorization: `Bearer ${this.#token}` } };
    return new WebSocket(url, init as string[]);
  }

  /** A call outside tRPC. @throws RoseError also for every answer that tells a failure */
  async call({ method, path, body, type, signal }: ByteCall): Promise<FetchResponse> {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    return await this.succeed(`${this.base}${path}`, { method, headers, body, signal });
  }

  /** As `send`. @throws RoseError also for every answer that tells a failure */
  async succeed(url: string, init: FetchInit): Promise<FetchResponse> {
    const response = await this.send(url, init);
    if (response.ok) return response;
    const answer = await response.json().catch(() => null);
    throw errorFromAnswer(answer) ?? notRose(this.url, response.status);
  }

  /** The bytes of an answer; reading them throws RoseErrors only. */
  async bytes(call: ByteCall): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.call(call);
    if (body === null) return new ReadableStream({ start: (controller) => controller.close() });
    const reader = body.getReader();
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw brokenOff(this.url, error, call.signal);
      });
      if (done) controller.close();
      else controller.enqueue(value);
    };
    return new ReadableStream({ pull, cancel: (reason) => reader.cancel(reason) }, { highWaterMark: 0 });
  }

  /** The JSON of an answer. */
  async json<T>(call: ByteCall): Promise<T> {
    const response = await this.call(call);
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw error instanceof SyntaxError
        ? notRose(this.url, response.status, { cause: error })
        : brokenOff(this.url, error, call.signal);
    }
  }

  /** Browsers keep the cookie themselves and show it to nobody. */
  #keepSession({ headers }: FetchResponse): void {
    for (const cookie of headers.getSetCookie()) {
      const session = /^(?:__Host-)?rose=([^;]*)/.exec(cookie)?.[1];
      if (session === undefined) continue;
      this.#token = session === '' ? null : session;
      this.#onSession?.(this.#token);
    }
  }
}
