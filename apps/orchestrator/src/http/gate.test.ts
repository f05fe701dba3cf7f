import { ask, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let rose: TestOrchestrator;
let ada: Person;
beforeAll(async () => {
  rose = await testOrchestrator();
  ada = await rose.signUp('Ada');
});
afterAll(() => rose[Symbol.asyncDispose]());

const FORBIDDEN = { error: { data: { rose: { code: 'FORBIDDEN' } } } };
const update = (headers: Record<string, string>) =>
  ask(`${rose.url}/trpc/settings.user.update`, { body: { values: { theme: 'light' } }, headers });

describe('a change with a session cookie', () => {
  it('is made for a page of this origin', async () => {
    expect((await update({ cookie: `rose=${ada.session}`, origin: rose.url })).status).toBe(200);
  });

  it.each(['http://evil.example', 'null', 'https://127.0.0.1'])('is refused for a page of %s', async (origin) => {
    const answer = await update({ cookie: `rose=${ada.session}`, origin });
    expect(answer.status).toBe(403);
    expect(answer.json).toMatchObject(FORBIDDEN);
  });

  it('is refused without an Origin', async () => {
    expect((await update({ cookie: `rose=${ada.session}` })).status).toBe(403);
  });

  it('is made without an Origin for a program that sends a bearer', async () => {
    expect((await update({ authorization: `Bearer ${ada.session}` })).status).toBe(200);
  });
});

it('another site can neither sign in nor sign up', async () => {
  const { email, password } = ada;
  for (const [procedure, body] of [
    ['signIn', { email, password }],
    ['signUp', { email: 'eve@example.org', name: 'Eve', password }],
  ] as const) {
    const headers = { origin: 'http://evil.example' };
    const answer = await ask(`${rose.url}/trpc/accounts.${procedure}`, { body, headers });
    expect(answer.status).toBe(403);
    expect(answer.headers['set-cookie']).toBeUndefined();
  }
});

it('another site cannot open a WebSocket', async () => {
  const headers = { connection: 'Upgrade', upgrade: 'websocket', origin: 'http://evil.example' };
  expect((await ask(`${rose.url}/trpc/accounts.me`, { headers })).status).toBe(403);
});

it('a name that was rebound to this address gets nothing, reading included', async () => {
  const { port } = new URL(rose.url);
  const headers = {
    host: `evil.example:${port}`,
    origin: `http://evil.example:${port}`,
    cookie: `rose=${ada.session}`,
  };
  for (const path of ['/trpc/accounts.me', '/', '/projects/1/versions/1.zip']) {
    expect((await ask(rose.url + path, { headers })).status).toBe(403);
  }
});

it('health and metrics answer under any name', async () => {
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    expect((await ask(rose.url + path, { headers: { host: '10.1.2.3' } })).status).toBe(200);
  }
});

it('behind TLS the cookie is Secure and bound to the host, and its page may change something', async () => {
  await using tls = await testOrchestrator({ config: { publicUrl: 'https://rose.example.org' } });
  const headers = { host: 'rose.example.org', origin: 'https://rose.example.org' };
  const body = { email: 'ada@example.org', name: 'Ada', password: ada.password };
  const answer = await ask(`${tls.url}/trpc/accounts.signUp`, { body, headers });
  expect(answer.status).toBe(200);
  expect(answer.headers['strict-transport-security']).toMatch(/^max-age=\d+/);
  const cookies = answer.headers['set-cookie'] ?? [];
  expect(cookies).toHaveLength(2);
  for (const cookie of cookies) expect(cookie).toMatch(/^__Host-rose.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/);

  const cookie = cookies.map((text) => text.split(';', 1)[0]).join('; ');
  const me = await ask(`${tls.url}/trpc/accounts.me`, { headers: { ...headers, cookie } });
  expect(me.json).toMatchObject({ result: { data: { name: 'Ada' } } });
});
