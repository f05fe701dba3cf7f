import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEgressForwarder } from './egress-forwarder.ts';

let home: string;
let proxySocket: string;
let cleanup: AsyncDisposableStack;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rose-egress-'));
  proxySocket = join(home, 'egress.sock');
  cleanup = new AsyncDisposableStack();
});
afterEach(async () => {
  await cleanup.disposeAsync();
  rmSync(home, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A proxy that does with each connection what it is told. */
async function startProxy(serve: (socket: Socket) => void): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(proxySocket, resolve));
  cleanup.defer(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
}

async function startForwarder(): Promise<number> {
  const port = await freePort();
  cleanup.use(await startEgressForwarder(port, proxySocket));
  return port;
}

/** All that comes back for `request`. */
function talk(port: number, request: string | Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks)));
    socket.on('error', reject);
    socket.end(request);
  });
}

test('bytes go both ways unharmed, and the end of one way is passed on', async () => {
  await startProxy((socket) => socket.pipe(socket));
  const port = await startForwarder();
  const large = Buffer.alloc(5 * 1024 * 1024, 'way out ');
  expect((await talk(port, large)).equals(large)).toBe(true);
  const many = await Promise.all(Array.from({ length: 50 }, (_, index) => talk(port, `call ${index}`)));
  expect(many.map(String)).toEqual(Array.from({ length: 50 }, (_, index) => `call ${index}`));
});

test('a proxy that is not there is answered with 502, not with a hang', async () => {
  const port = await startForwarder();
  const answer = await talk(port, 'CONNECT example.com:443 HTTP/1.1\r\n\r\n');
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 502 .*egress proxy/s);
});

test('a proxy that breaks off ends the connection', async () => {
  await startProxy((socket) => socket.once('data', () => socket.destroy()));
  const port = await startForwarder();
  const answer = await talk(port, 'hello').catch((error: unknown) => error);
  expect(Buffer.isBuffer(answer) ? answer.length : answer).toSatisfy((end) => end === 0 || end instanceof Error);
});

test('a port that is taken is no failure', async () => {
  const port = await startForwarder();
  await using second = await startEgressForwarder(port, proxySocket);
  expect(second).toBeDefined();
});

test('stopping ends the connections that are open', async () => {
  await startProxy(() => {});
  const port = await freePort();
  const forwarder = await startEgressForwarder(port, proxySocket);
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await forwarder[Symbol.asyncDispose]();
  await closed;
});
