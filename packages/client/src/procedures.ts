import type { AgentRouter } from '@rose/dev-container/router';
import type { AppRouter } from '@rose/orchestrator/router';
import { createTRPCClient, httpBatchStreamLink, httpLink, splitLink, type TRPCClient } from '@trpc/client';
import { asRoseError } from './errors.ts';
import type { FetchInit } from './fetch.ts';
import type { Http } from './http.ts';

/** Queries that answer piece by piece, for as long as the caller listens. */
const STREAMED = new Set([
  'versions.progress',
  'search.content',
  'search.names',
  'projects.watch',
  'containers.watch',
  'containers.startLines',
  'containers.watchUsage',
  'containers.watchLogs',
  'files.watch',
]);
/** Queries whose input may be too long for an address. */
const POSTED = new Set(['versions.plan']);

/** The orchestrator's procedures. */
export function orchestratorProcedures(http: Http): TRPCClient<AppRouter> {
  return procedures<AppRouter>(http, '/trpc');
}

/**
 * A typed client of a router. One call is one request: in a batch the quick answers would wait
 * for the save beside them.
 */
export function procedures<R extends AppRouter | AgentRouter>(http: Http, path: string): TRPCClient<R> {
  const url = `${http.base}${path}`;
  const options = { url, fetch: fetchOf((address, init) => http.send(address, init)) };
  // A stream tells failures of its own; another status comes from what stands before the router.
  // Of several in one request none would end before the caller has left all.
  const streaming = { url, fetch: fetchOf((address, init) => http.succeed(address, init)), maxItems: 1 };
  const client = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => STREAMED.has(operation.path),
        true: httpBatchStreamLink(streaming),
        false: splitLink({
          condition: (operation) => POSTED.has(operation.path),
          true: httpLink({ ...options, methodOverride: 'POST' }),
          false: httpLink(options),
        }),
      }),
    ],
  });
  return withRoseErrors(client, http.url) as object as TRPCClient<R>;
}

function fetchOf(send: Http['send']) {
  return (url: unknown, init?: { method?: string; headers?: unknown; body?: unknown; signal?: AbortSignal | null }) =>
    send(String(url), {
      method: init?.method ?? 'GET',
      headers: (init?.headers ?? {}) as Record<string, string>,
      body: init?.body as FetchInit['body'],
      signal: init?.signal ?? undefined,
    });
}

/** The same procedures, failing with RoseError instead of tRPC's own error. */
function withRoseErrors<T extends object>(client: T, url: string): T {
  return new Proxy(client, {
    get(target, key, receiver): unknown {
      const value: unknown = Reflect.get(target, key, receiver);
      return isObject(value) ? withRoseErrors(value, url) : value;
    },
    apply(target, self, args): unknown {
      const result: unknown = Reflect.apply(target as (...args: unknown[]) => unknown, self, args);
      return result instanceof Promise ? answerOf(result, url) : result;
    },
  });
}

async function answerOf(result: Promise<unknown>, url: string): Promise<unknown> {
  try {
    const answer = await result;
    return isObject(answer) && Symbol.asyncIterator in answer
      ? piecesOf(answer as AsyncIterable<unknown>, url)
      : answer;
  } catch (error) {
    throw asRoseError(error, url);
  }
}

async function* piecesOf(pieces: AsyncIterable<unknown>, url: string): AsyncGenerator {
  try {
    yield* pieces;
  } catch (error) {
    throw asRoseError(error, url);
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
