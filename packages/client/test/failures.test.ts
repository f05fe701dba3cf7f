import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RoseError } from '@rose/contract';
import { afterEach, expect, test } from 'vitest';
import { createRoseClient as createWebClient } from '../src/index.ts';
import { createRoseClient } from '../src/node/index.ts';

const open = new Set<http.Server>();

async function serve(listener: RequestListener): Promise<string> {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  open.add(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  for (const server of open) server.close().closeAllConnections();
  open.clear();
});

const answering = (status: number, body: unknown): RequestListener => {
  return (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
};

const doors = [
  ['node:http', createRoseClient],
  ['fetch', createWebClient],
] as const;

for (const [name, create] of doors) {
  test(`over ${name}, a server that is not there is named with its URL and the remedy`, async () => {
    const url = await serve(() => {});
    const closed = [...open].at(-1)!;
    closed.close();
    await once(closed, 'close');
    const failure = create({ url }).accounts.me.query();
    await expect(failure).rejects.toSatisfy((error) => error instanceof RoseError && error.code === 'UNREACHABLE');
    await expect(failure).rejects.toThrow(`RoSE cannot be reached at ${url}: nothing listens there.`);
    await expect(failure).rejects.toThrow('npm start');
  });

  test(`over ${name}, the error of a procedure arrives as it was thrown`, async () => {
    const rose = { code: 'TOO_MANY_REQUESTS', message: 'Wait.', details: { retryAfterSeconds: 7 } };
    const url = await serve(answering(429, { error: { message: 'Wait.', code: -32029, data: { rose } } }));
    await expect(create({ url }).accounts.me.query()).rejects.toMatchObject(rose);
  });

  test(`over ${name}, the error of a gate before the procedure arrives as it was thrown`, async () => {
    const body = { code: 'NOT_FOUND', message: 'There is no project 7, or it is not yours.', details: {} };
    const url = await serve(answering(404, { error: body }));
    const { files } = create({ url }).workspace(7);
    await expect(files.list.query({ path: '' })).rejects.toMatchObject(body);
  });

  test(`over ${name}, the error of a byte stream arrives as it was thrown`, async () => {
    const body = { code: 'NOT_FOUND', message: 'No such file.', details: { what: 'file' } };
    const url = await serve(answering(404, body));
    await expect(create({ url }).workspace(7).readFile('a')).rejects.toMatchObject(body);
    await expect(create({ url }).versionFile(7, 1, 'a')).rejects.toMatchObject(body);
  });

  test(`over ${name}, another program at the URL is not taken for RoSE`, async () => {
    const url = await serve((_request, response) => response.writeHead(200).end('<html>Welcome to nginx!</html>'));
    await expect(create({ url }).accounts.me.query()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(create({ url }).workspace(7).push('', 'x')).rejects.toThrow('but not as RoSE does');
  });

  test(`over ${name}, bytes that break off are an error`, async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('only');
      setTimeout(() => response.destroy(), 50);
    });
    const bytes = await create({ url }).workspace(7).zip('');
    await expect(Array.fromAsync(bytes)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  test(`over ${name}, a cancelled call fails as CANCELLED`, async () => {
    const url = await serve(() => {});
    const leave = new AbortController();
    const call = create({ url }).accounts.me.query(undefined, { signal: leave.signal });
    leave.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  });
}

for (const [name, create] of doors) {
  test(`over ${name}, bytes that are cancelled while they come fail as CANCELLED`, async () => {
    const url = await serve((_request, response) => response.writeHead(200, { 'content-length': 10 }).write('some'));
    const leave = new AbortController();
    const bytes = await create({ url }).workspace(7).zip('', { signal: leave.signal });
    const reader = bytes.getReader();
    await reader.read();
    leave.abort();
    await expect(reader.read()).rejects.toMatchObject({ code: 'CANCELLED' });
  });
}

test('a client signs its calls with the session that it was given', async () => {
  const seen: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    seen.push(request.headers.authorization);
    request.resume();
    response.setHeader('set-cookie', ['other=1', '__Host-rose=s3cret; HttpOnly; Path=/']);
    response.setHeader('content-type', 'application/json').end('{"result":{"data":null}}');
  });
  const sessions: (string | null)[] = [];
  const rose = createRoseClient({ url, onSession: (session) => sessions.push(session) });
  await rose.accounts.signIn.mutate({ email: 'ada@example.org', password: 'a long password' });
  await rose.accounts.me.query();
  expect(seen).toEqual([undefined, 'Bearer s3cret']);
  expect(sessions[0]).toBe('s3cret');
});

test('a path keeps every byte in the query', async () => {
  let address: string | undefined;
  const url = await serve((request, response) => {
    address = request.url;
    response.end();
  });
  await createRoseClient({ url }).workspace(7).readFile('a b\n\udce9/é', { offset: 2 });
  expect(address).toBe('/projects/7/agent/-/files.read?path=a%20b%0A%E9%2F%C3%A9&offset=2');
});
