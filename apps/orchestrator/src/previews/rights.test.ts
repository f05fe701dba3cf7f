import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ask, codeOf, testOrchestrator, type Person } from '@rose/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createServer } from '../server.ts';
import { PORT, previewHouse, type PreviewHouse } from '../../test/preview-house.ts';

let house: PreviewHouse;
let grace: Person;
let projectId: number;
beforeAll(async () => {
  house = await previewHouse();
  grace = await house.rose.signUp('Grace');
  projectId = house.project;
});
afterAll(() => house?.[Symbol.asyncDispose]());

const members = () => house.ada.rose.projects.members;
const status = async (cookie: string): Promise<number> => (await house.visit('/', cookie)).status;

async function socketOf(cookie: string): Promise<WebSocket> {
  const headers = { host: house.host(), cookie, origin: `http://${house.host()}` };
  const socket = new WebSocket(`${house.rose.url.replace(/^http/, 'ws')}/socket`, { headers });
  await once(socket, 'open');
  return socket;
}

it('a viewer may look, and not share; who is removed is out at once, with what he had open', async () => {
  const { email } = grace;
  await members().add.mutate({ projectId, email, role: 'viewer' });
  const cookie = await house.enter((await grace.rose.previews.open.mutate({ projectId, port: PORT })).url);
  expect(await status(cookie)).toBe(200);
  expect(await codeOf(grace.rose.previews.share.mutate({ projectId, port: PORT }))).toBe('FORBIDDEN');
  const closed = once(await socketOf(cookie), 'close');
  await members().remove.mutate({ projectId, email });
  expect(await status(cookie)).toBe(401);
  await closed;
});

it('a link is worth what its sharer is: it ends when he may no longer share', async () => {
  const { email } = grace;
  await members().add.mutate({ projectId, email, role: 'editor' });
  const { url } = await grace.rose.previews.share.mutate({ projectId, port: PORT });
  const cookie = await house.enter(url);
  expect(await status(cookie)).toBe(200);
  const closed = once(await socketOf(cookie), 'close');
  await members().change.mutate({ projectId, email, role: 'viewer' });
  expect(await status(cookie)).toBe(401);
  await closed;
  expect(await house.enter(url)).toBe('');
});

it('a project that is deleted has no previews', async () => {
  const { id } = await house.ada.rose.projects.create.mutate({ name: 'for a day' });
  const { url } = await house.ada.rose.previews.open.mutate({ projectId: id, port: PORT });
  const shared = await house.ada.rose.previews.share.mutate({ projectId: id, port: PORT });
  const host = { host: house.host(PORT, id) };
  const cookie = await house.enter(url);
  await house.ada.rose.projects.delete.mutate({ projectId: id });
  await expect.poll(async () => (await ask(`${house.rose.url}/`, { headers: { ...host, cookie } })).status).toBe(401);
  expect(await house.enter(shared.url)).toBe('');
});

it('behind TLS previews are below their own domain, and the pass is bound to its host', async () => {
  const config = {
    publicUrl: 'https://rose.example.org',
    previewDomain: 'preview.example.net',
    runtime: 'process',
  } as const;
  await using rose = await testOrchestrator({ config });
  const ada = await rose.signUp('Ada');
  const { id } = await ada.rose.projects.create.mutate({ name: 'shop' });
  const { url } = await ada.rose.previews.open.mutate({ projectId: id, port: 80 });
  expect(url).toMatch(/^https:\/\/p1-80\.preview\.example\.net\/\.rose\/enter\?ticket=/);
  const headers = { host: 'p1-80.preview.example.net', accept: 'text/html' };
  const { pathname, search } = new URL(url);
  const entered = await ask(rose.url + pathname + search, { headers });
  expect(entered.headers['set-cookie']).toEqual([
    expect.stringMatching(/^__Host-rose-preview=[\w.-]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
  ]);
  const cookie = entered.headers['set-cookie']![0]!.split(';', 1)[0]!;
  expect((await ask(rose.url, { headers: { ...headers, cookie } })).text).toContain('Nothing listens on port 80');
  const planted = cookie.replace('__Host-', '');
  const stranger = await ask(rose.url, { headers: { ...headers, cookie: planted } });
  expect(stranger.status).toBe(401);
  expect(stranger.text).toContain('href="https://rose.example.org/project/1/ports"');
});

it('a request that comes by a server of Fastify’s own, as for a second address of localhost, is answered alike', async () => {
  await using rose = await testOrchestrator();
  await using routes = await createServer(rose.context);
  rose.context.previews.hosts.listensOn = () => 4000;
  await routes.ready();
  const second = createHttpServer((request, response) => routes.routing(request, response)).listen(0, '127.0.0.1');
  await once(second, 'listening');
  const url = `http://127.0.0.1:${(second.address() as AddressInfo).port}`;
  for (const path of ['/', '/healthz', '/trpc/accounts.me', '/.rose/enter']) {
    const { status: code, text, headers } = await ask(url + path, { headers: { host: 'p1-80.localhost:4000' } });
    expect({ code, text }).toEqual({ code: 401, text: expect.stringMatching(/^Open this preview/) });
    expect(headers).not.toHaveProperty('x-request-id');
  }
  second.close();
});
