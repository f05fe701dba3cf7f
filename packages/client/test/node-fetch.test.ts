import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { nodeFetch } from '../src/node/fetch.ts';

async function serve(listener: RequestListener) {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('an answer is read while the body is still being sent', async () => {
  await using server = await serve((request, response) => {
    response.writeHead(200).flushHeaders();
    request.pipe(response);
  });
  const heard: string[] = [];
  const { promise: echoed, resolve } = Promise.withResolvers<void>();
  async function* body() {
    yield Buffer.from('first');
    await echoed;
    yield Buffer.from(' second');
  }
  const answer = await nodeFetch(server.url, { method: 'POST', headers: {}, body: body() });
  for await (const chunk of answer.body!) {
    heard.push(Buffer.from(chunk).toString());
    resolve();
  }
  expect(heard.join('')).toBe('first second');
});

test('an answer that is whole before the body ends the sending', async () => {
  await using server = await serve((_request, response) => response.end('enough'));
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  async function* endless() {
    try {
      for (;;) {
        yield Buffer.alloc(65_536);
        await new Promise((next) => setImmediate(next));
      }
    } finally {
      resolve();
    }
  }
  const answer = await nodeFetch(server.url, { method: 'POST', headers: {}, body: endless() });
  expect(await text(answer.body!)).toBe('enough');
  await stopped;
});

test('an answer that is cut off is an error, not an end', async () => {
  await using server = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('only this');
    setImmediate(() => response.destroy());
  });
  const answer = await nodeFetch(server.url, { method: 'GET', headers: {} });
  await expect(text(answer.body!)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('the signal ends a call that waits for its answer', async () => {
  await using server = await serve(() => {});
  const leave = new AbortController();
  const answer = nodeFetch(server.url, { method: 'GET', headers: {}, signal: leave.signal });
  leave.abort();
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
});
