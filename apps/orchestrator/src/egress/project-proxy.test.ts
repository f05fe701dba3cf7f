import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_BOUNDS, ProjectProxy, type ProjectProxyOptions } from './project-proxy.ts';
import type { Refusal } from './refusals.ts';
import type { EgressPolicy, EgressRules } from './rules.ts';

const PUBLIC: EgressPolicy = { mode: 'public', allow: [] };

let stack: AsyncDisposableStack;
let folder: string;
let refusals: Refusal[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  refusals = [];
  folder = await mkdtemp(path.join(tmpdir(), 'rose-egress-'));
  stack.defer(() => rm(folder, { recursive: true }));
});
afterEach(() => stack.disposeAsync());

/** A web server on the loopback: just what containers must not reach. */
async function webServer(
  handler: (request: http.IncomingMessage, response: http.ServerResponse) => unknown,
): Promise<number> {
  const server = http.createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => server.close().closeAllConnections());
  return (server.address() as AddressInfo).port;
}

async function proxyWith(options: Partial<ProjectProxyOptions> & { privateHosts?: string[]; upstream?: string }) {
  const { privateHosts = [], upstream = null, ...rest } = options;
  const rules: EgressRules = { ports: [80, 443], privateHosts, refusedNetworks: [], upstreamProxy: upstream };
  const refused = (refusal: Refusal): void => void refusals.push(refusal);
  const proxy = stack.use(new ProjectProxy({ projectId: 7, policy: PUBLIC, rules, refused, ...rest }));
  const socketPath = path.join(folder, `${Math.random()}.sock`);
  await proxy.listen(socketPath);
  return { proxy, socketPath };
}

function client(socketPath: string): Socket {
  const socket = connect({ path: socketPath });
  stack.defer(() => void socket.destroy());
  return socket;
}

/** Everything the proxy answers to `request`, until it closes. */
function say(socketPath: string, request: string): Promise<string> {
  const socket = client(socketPath);
  socket.write(request);
  return text(socket);
}

const CONNECT = (authority: string): string => `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
const GET = (url: string, more = ''): string => `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n`;

test('CONNECT carries bytes both ways to a permitted host', async () => {
  const port = await webServer((request, response) => response.end(`Hello ${request.headers.host}`));
  const { socketPath } = await proxyWith({ privateHosts: [`127.0.0.1:${port}`] });
  const heard = await say(socketPath, CONNECT(`127.0.0.1:${port}`) + GET('/'));
  expect(heard).toMatch(/^HTTP\/1\.1 200 Connection established\r\n\r\nHTTP\/1\.1 200 OK[^]*Hello x$/);
});

test('what an end says last arrives, though the other has ended', async () => {
  const counter = createServer({ allowHalfOpen: true }, (socket) => {
    let bytes = 0;
    socket.on('data', (chunk) => (bytes += chunk.length)).on('end', () => socket.end(`${bytes} bytes`));
  }).listen(0, '127.0.0.1');
  await once(counter, 'listening');
  stack.defer(() => void counter.close());
  const authority = `127.0.0.1:${(counter.address() as AddressInfo).port}`;
  const { socketPath } = await proxyWith({ privateHosts: [authority] });
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  socket.write(CONNECT(authority));
  await once(socket, 'data');
  socket.end(Buffer.alloc(3_000_000));
  expect(await text(socket)).toBe('3000000 bytes');
});

test('a request in absolute form is passed on without hop-by-hop headers', async () => {
  const port = await webServer(async (request, response) => {
    const seen = { method: request.method, url: request.url, headers: request.headers, body: await text(request) };
    response.writeHead(201, { 'x-answer': 'yes', connection: 'x-secret', 'x-secret': '1' }).end(JSON.stringify(seen));
  });
  const { socketPath } = await proxyWith({ privateHosts: [`127.0.0.1:${port}`] });
  const request = http.request({
    socketPath,
    method: 'POST',
    path: `http://127.0.0.1:${port}/a?b=c`,
    headers: { 'proxy-authorization': 'Basic x', 'x-kept': 'k', host: 'elsewhere', 'transfer-encoding': 'chunked' },
    agent: false,
  });
  request.end('body of Ada');
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const seen = JSON.parse(await text(response)) as { url: string; body: string; headers: Record<string, string> };
  expect(response.statusCode).toBe(201);
  expect(response.headers).toMatchObject({ 'x-answer': 'yes' });
  expect(response.headers).not.toHaveProperty('x-secret');
  expect(seen).toMatchObject({ method: 'POST', url: '/a?b=c', body: 'body of Ada' });
  expect(seen.headers).toMatchObject({ host: `127.0.0.1:${port}`, 'x-kept': 'k' });
  expect(seen.headers).not.toHaveProperty('proxy-authorization');
});

test.for([
  '127.0.0.1',
  'localhost',
  '0x7f.1',
  '2130706433',
  '[::ffff:127.0.0.1]',
  '[::1]',
  '169.254.169.254',
  '0.0.0.0',
])('CONNECT %s:443 is answered 403 with one line, and reported', async (host) => {
  const { socketPath } = await proxyWith({});
  const heard = await say(socketPath, CONNECT(`${host}:443`));
  expect(heard).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[^]*\r\n\r\n[^\n]+ is refused: its address is [^\n]+\.\n$/);
  expect(refusals).toMatchObject([{ projectId: 7, port: 443 }]);
});

test('a plain request to a private address is answered 403', async () => {
  const { socketPath } = await proxyWith({});
  expect(await say(socketPath, GET('http://localhost/'))).toMatch(/^HTTP\/1\.1 403 [^]*loopback/);
});

test('a name is resolved once, and what it resolves to later does not count', async () => {
  const port = await webServer((_request, response) => response.end('first address'));
  let asked = 0;
  const lookup = async (): Promise<string[]> => [++asked === 1 ? '127.0.0.1' : '10.0.0.1'];
  const authority = `rebinding.example:${port}`;
  const { socketPath } = await proxyWith({ lookup, privateHosts: [authority] });
  expect(await say(socketPath, CONNECT(authority) + GET('/'))).toContain('first address');
  expect(asked).toBe(1);
});

test('a name that resolves to private addresses only is refused', async () => {
  const { socketPath } = await proxyWith({ lookup: async () => ['10.0.0.1', 'fd00::1'] });
  expect(await say(socketPath, CONNECT('inside.example:443'))).toContain('403 Forbidden');
});

test('an open port does not open a private address', async () => {
  const port = await webServer((_request, response) => response.end('secret of the host'));
  const lookup = async (): Promise<string[]> => ['127.0.0.1', '::1'];
  const rules: EgressRules = { ports: [port], privateHosts: [], refusedNetworks: [], upstreamProxy: null };
  const { socketPath } = await proxyWith({ lookup, rules });
  const heard = await say(socketPath, CONNECT(`mixed.example:${port}`) + GET('/'));
  expect(heard).toContain('403 Forbidden');
  expect(heard).not.toContain('secret');
});

test('a name that does not resolve is answered 502', async () => {
  const { socketPath } = await proxyWith({ lookup: () => Promise.reject(new Error('ENOTFOUND')) });
  expect(await say(socketPath, CONNECT('nowhere.example:443'))).toMatch(/^HTTP\/1\.1 502 [^]*cannot be reached/);
  expect(refusals).toEqual([]);
});

test('a policy holds at once, also for what is open', async () => {
  const port = await webServer((_request, response) => void response.write('first'));
  const { proxy, socketPath } = await proxyWith({ privateHosts: [`127.0.0.1:${port}`] });
  const socket = client(socketPath);
  socket.write(CONNECT(`127.0.0.1:${port}`) + GET('/'));
  await once(socket, 'data');
  proxy.setPolicy({ mode: 'none', allow: [] });
  await once(socket.resume(), 'close');
  expect(await say(socketPath, CONNECT(`127.0.0.1:${port}`))).toMatch(/403 [^]*no access to the network/);
});

test('what is no request for a proxy is answered 400', async () => {
  const { socketPath } = await proxyWith({});
  expect(await say(socketPath, GET('/index.html'))).toContain('400 Bad Request');
  expect(await say(socketPath, CONNECT('example.org'))).toContain('400 Bad Request');
  expect(await say(socketPath, '\x16\x03\x01 no http\r\n\r\n')).toContain('400 Bad Request');
});

test('a bomb of headers is cut off', async () => {
  const { socketPath } = await proxyWith({});
  expect(await say(socketPath, GET('http://example.org/', `x: ${'y'.repeat(20_000)}\r\n`))).toContain('431');
});

test('a client that never finishes its request is cut off', async () => {
  const bounds = { ...DEFAULT_BOUNDS, headerMs: 300 };
  const { socketPath } = await proxyWith({ bounds });
  const heard = await say(socketPath, 'GET http://example.org/ HTTP/1.1\r\nx: ');
  expect(heard === '' || heard.includes('408')).toBe(true);
});

test('a tunnel on which nothing moves ends', async () => {
  const port = await webServer(() => {});
  const bounds = { ...DEFAULT_BOUNDS, idleMs: 300 };
  const { socketPath } = await proxyWith({ bounds, privateHosts: [`127.0.0.1:${port}`] });
  expect(await say(socketPath, CONNECT(`127.0.0.1:${port}`))).toContain('200 Connection established');
});

test('one project has a bounded number of connections', async () => {
  const { socketPath } = await proxyWith({ bounds: { ...DEFAULT_BOUNDS, connections: 2 } });
  const held = [client(socketPath), client(socketPath)];
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  expect(await say(socketPath, CONNECT('127.0.0.1:80')).catch(() => '')).toBe('');
});

test('refusals are told at most 30 a minute, the rest is counted', async () => {
  const { socketPath } = await proxyWith({});
  for (let round = 0; round < 40; round++) await say(socketPath, CONNECT('127.0.0.1:443'));
  expect(refusals.length).toBeGreaterThanOrEqual(30);
  expect(refusals.length).toBeLessThan(40);
});

test('behind an upstream proxy names go to it, and private addresses are refused all the same', async () => {
  const asked: string[] = [];
  const upstream = http.createServer();
  upstream.on('connect', (request, socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.once('data', () => socket.end('from upstream'));
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  stack.defer(() => void upstream.close());
  const url = `http://ada:secret@127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const { socketPath } = await proxyWith({ upstream: url, lookup: () => Promise.reject(new Error('ENOTFOUND')) });
  expect(await say(socketPath, `${CONNECT('example.org:443')}hello`)).toContain('from upstream');
  expect(await say(socketPath, CONNECT('10.0.0.1:443'))).toContain('403');
  expect(asked).toEqual(['example.org:443 Basic YWRhOnNlY3JldA==']);
});
