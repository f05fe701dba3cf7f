/** The few parts of fetch that the client needs, so that Node can offer them without its time limits. */

/** What can be sent. Streams go out as the receiver takes them; browsers send only the first three. */
export type Upload = string | Uint8Array<ArrayBuffer> | Blob | AsyncIterable<Uint8Array>;

export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: Upload;
  signal?: AbortSignal;
}

export interface FetchResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null; getSetCookie(): string[] };
  readonly body: ReadableStream<Uint8Array> | null;
  json(): Promise<unknown>;
}

export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** The platform's own fetch. */
export function webFetch(fetch: typeof globalThis.fetch = globalThis.fetch): Fetch {
  return (url, { body, ...init }) => {
    if (!isStream(body)) return fetch(url, { ...init, body });
    const stream = body instanceof ReadableStream ? body : streamOf(body);
    // Needed wherever a stream is sent; the type of TypeScript does not know it yet.
    return fetch(url, { ...init, body: stream, duplex: 'half' } as RequestInit);
  };
}

/** Takes the next piece only when somebody reads. */
export function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const piece = await iterator.next();
    if (piece.done) controller.close();
    else controller.enqueue(piece.value);
  };
  const cancel = async (): Promise<void> => void (await iterator.return?.());
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}

function isStream(body: Upload | undefined): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && Symbol.asyncIterator in body;
}
