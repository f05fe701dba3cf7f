import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { ask } from '@rose/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { PORT, previewHouse, type PreviewHouse } from '../../test/preview-house.ts';

const MIB = 1024 * 1024;
let house: PreviewHouse;
let cookie: string;
beforeAll(async () => {
  house = await previewHouse();
  cookie = await house.enter((await openPreview()).url);
});
afterAll(() => house?.[Symbol.asyncDispose]());

const place = () => ({ projectId: house.project, port: PORT });
const openPreview = (port = PORT) => house.ada.rose.previews.open.mutate({ projectId: house.project, port });

/** A request whose answer is read as the test wants. */
function begin(address: string, method = 'GET', as = cookie): ClientRequest {
  const headers = { host: house.host(), cookie: as };
  return httpRequest(house.rose.url + address, { method, agent: false, headers }).on('error', () => {});
}

async function open(address: string, as = cookie): Promise<IncomingMessage> {
  const [response] = (await once(begin(address, 'GET', as).end(), 'response')) as [IncomingMessage];
  return response.on('error', () => {});
}

function webSocket(as: string, headers: Record<string, string> = {}, address = '/socket'): WebSocket {
  const socket = new WebSocket(house.rose.url.replace(/^http/, 'ws') + address, {
    headers: { host: house.host(), origin: `http://${house.host()}`, cookie: as, ...headers },
  });
  return socket.on('error', () => {});
}

/** Status with which a WebSocket is refused. */
async function knock(as: string, headers: Record<string, string> = {}, address?: string): Promise<number> {
  const [, response] = (await once(webSocket(as, headers, address), 'unexpected-response')) as [
    unknown,
    IncomingMessage,
  ];
  return response.resume().statusCode!;
}

const sent = async (): Promise<number> => Number((await house.visit('/sent', cookie)).text);

it('a download of 100 MB waits for a reader who does not read, and nothing grows', async () => {
  const before = process.memoryUsage().rss;
  const response = await open('/large');
  let last = -1;
  await vi.waitFor(
    async () => {
      const now = await sent();
      const isStill = now === last;
      last = now;
      expect(isStill).toBe(true);
    },
    { timeout: 30_000, interval: 300 },
  );
  expect(last).toBeLessThan(32 * MIB);
  let read = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) read += chunk.length;
  expect(read).toBe(100 * MIB);
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB);
});

it('an upload reaches the app piece by piece and whole', async () => {
  const asked = begin('/echo', 'POST');
  const piece = Buffer.alloc(MIB);
  for (let count = 0; count < 40; count += 1) if (!asked.write(piece)) await once(asked, 'drain');
  const [response] = (await once(asked.end(), 'response')) as [IncomingMessage];
  expect(JSON.parse(await text(response))).toMatchObject({ length: 40 * MIB });
});

it('an app that answers before it has heard everything is heard', async () => {
  const asked = begin('/refuse', 'POST');
  asked.write(Buffer.alloc(8 * MIB));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(413);
  expect(await text(response)).toBe('too large');
  asked.destroy();
});

it('an answer that breaks off breaks off for the browser too: it never takes a part for the whole', async () => {
  await expect(house.visit('/half', cookie)).rejects.toThrow();
});

it('events come one by one; a browser that leaves is gone for the app', async () => {
  const before = Number((await house.visit('/leavers', cookie)).text);
  const response = await open('/wait');
  expect(String((await once(response, 'data'))[0])).toBe('data: 1\n\n');
  response.destroy();
  await expect.poll(async () => Number((await house.visit('/leavers', cookie)).text)).toBe(before + 1);
});

it('a WebSocket carries messages both ways, without RoSE’s cookies, and binds the app’s to its host', async () => {
  const socket = webSocket(`${cookie}; own=1; rose=${house.ada.session}`);
  const upgrade = once(socket, 'upgrade') as Promise<[IncomingMessage]>;
  await once(socket, 'open');
  const [{ headers }] = await upgrade;
  expect(headers['set-cookie']).toEqual(['from=socket']);
  for (const word of ['hello', 'again']) {
    socket.send(word);
    expect(String((await once(socket, 'message'))[0])).toBe(word);
  }
  socket.send('headers');
  expect(String((await once(socket, 'message'))[0])).toBe('own=1');
  socket.close();
  await once(socket, 'close');
});

it('a WebSocket that the app refuses is refused in its words', async () => {
  expect(await knock(cookie, {}, '/socket?refuse=1')).toBe(403);
});

it('a WebSocket without a pass, or of another site’s page, is refused before anything opens', async () => {
  expect(await knock('')).toBe(401);
  expect(await knock(`rose=${house.ada.session}`)).toBe(401);
  expect(await knock(cookie, { origin: 'http://evil.example' })).toBe(403);
  expect(await knock(cookie, { origin: `http://${house.host(PORT, house.project + 1)}` })).toBe(403);
  expect(await knock('', {}, '/projects/1/agent/-/terminals.attach')).toBe(401);
});

it('a WebSocket that is asked for before an earlier answer has come ends the connection, and nothing else', async () => {
  const { port, hostname } = new URL(house.rose.url);
  const socket = connect(Number(port), hostname);
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==';
  for (const cookies of ['', `Cookie: ${cookie}\r\n`]) {
    socket.write(`GET /wait HTTP/1.1\r\nHost: ${house.host()}\r\n${cookies}\r\n`);
    socket.write(`GET /socket HTTP/1.1\r\nHost: ${house.host()}\r\n${cookies}${upgrade}\r\n\r\n`);
  }
  await once(
    socket.resume().on('error', () => {}),
    'close',
  );
  expect((await house.visit('/', cookie)).status).toBe(200);
});

it('a request for another protocol than WebSocket is a request as any other', async () => {
  const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
  expect(await house.visit('/echo', cookie, { headers })).toMatchObject({ status: 200, json: { method: 'GET' } });
});

it('signing out ends what is open: WebSockets and answers', async () => {
  const { email, password } = house.ada;
  const signedIn = await ask(`${house.rose.url}/trpc/accounts.signIn`, {
    body: { email, password },
    headers: { origin: house.rose.url },
  });
  const hers = house.rose.rpc({ cookie: signedIn.headers['set-cookie']!.join('; '), origin: house.rose.url });
  const her = await house.enter((await hers.previews.open.mutate(place())).url);
  const socket = webSocket(her);
  await once(socket, 'open');
  const response = await open('/wait', her);
  const cutOff = new Promise((resolve) => response.once('close', resolve));
  const ended = Promise.all([once(socket, 'close'), cutOff]);
  await hers.accounts.signOut.mutate();
  await ended;
});

it('a link that is revoked, or expires, ends what its visitors have open', async () => {
  for (const expiresInSeconds of [600, 3]) {
    const { id, url } = await house.ada.rose.previews.share.mutate({ ...place(), expiresInSeconds });
    const socket = webSocket(await house.enter(url));
    await once(socket, 'open');
    const ended = once(socket, 'close');
    if (expiresInSeconds === 600) await house.ada.rose.previews.revoke.mutate({ projectId: house.project, id });
    await ended;
  }
});

it('a request resumes a project that is paused', async () => {
  const { containers } = house.rose.context.services;
  await expect.poll(() => containers.activity.idleMs(house.project)).toBeGreaterThan(0);
  await containers.pause(house.project, 0);
  expect(containers.isPaused(house.project)).toBe(containers.runtime.canPause);
  const background = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' };
  expect((await house.visit('/', cookie, { headers: background })).status).toBe(200);
  expect(containers.isPaused(house.project)).toBe(false);
});

it('an open preview is a use of the project, and the end of it is noticed', async () => {
  const { activity } = house.rose.context.services.containers;
  const response = await open('/wait');
  expect(activity.idleMs(house.project)).toBe(0);
  response.destroy();
  await expect.poll(() => activity.idleMs(house.project)).toBeGreaterThan(0);
});

it('64 WebSockets of a project are open at once, and no more; RoSE’s own calls go on', async () => {
  const sockets = Array.from({ length: 64 }, () => webSocket(cookie));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  expect(await knock(cookie)).toBe(429);
  expect((await house.visit('/', cookie)).status).toBe(200);
  await house.ada.rose.workspace(house.project).files.list.query({ path: '' });
  for (const socket of sockets) socket.terminate();
  await expect.poll(() => knockOrOpen()).toBe(101);
});

async function knockOrOpen(): Promise<number> {
  const socket = webSocket(cookie);
  const opened = once(socket, 'open').then(() => 101);
  const refused = once(socket, 'unexpected-response').then(() => 429);
  const status = await Promise.race([opened, refused]);
  socket.terminate();
  return status;
}

it('300 requests at once are all answered', async () => {
  const answers = await Promise.all(Array.from({ length: 300 }, () => house.visit('/', cookie)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});

it('RoSE stops in its time, whatever previews are open', async () => {
  await using other = await previewHouse();
  const { url } = await other.ada.rose.previews.open.mutate({ projectId: other.project, port: PORT });
  const her = await other.enter(url);
  const headers = { host: other.host(), cookie: her, origin: `http://${other.host()}` };
  const socket = new WebSocket(`${other.rose.url.replace(/^http/, 'ws')}/socket`, { headers });
  await once(socket, 'open');
  const asked = httpRequest(`${other.rose.url}/wait`, { headers, agent: false })
    .on('error', () => {})
    .end();
  await once(asked, 'response');
  const began = Date.now();
  await other.rose[Symbol.asyncDispose]();
  expect(Date.now() - began).toBeLessThan(10_000);
  expect(socket.readyState).toBe(WebSocket.CLOSED);
});
