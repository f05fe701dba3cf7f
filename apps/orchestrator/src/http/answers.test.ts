import { connect } from 'node:net';
import { ask, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let rose: TestOrchestrator;
let ada: Person;
beforeAll(async () => {
  rose = await testOrchestrator();
  ada = await rose.signUp('Ada');
});
afterAll(() => rose[Symbol.asyncDispose]());

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
};
const rejected = (code: string) => ({ error: { data: { rose: { code } } } });

describe('security headers and a request id are on', () => {
  it.each([
    ['a page', '/', 200],
    ['a deep link', '/projects-of-mine', 200],
    ['what is not there', '/nothing', 404],
    ['an unknown procedure', '/trpc/nothing.here', 404],
    ['a call without a session', '/trpc/accounts.me', 401],
    ['a path that is no UTF-8', '/trpc/%ff', 400],
    ['a path segment without end', `/trpc/${'x'.repeat(6000)}`, 414],
    ['health', '/healthz', 200],
    ['metrics', '/metrics', 200],
  ])('%s', async (_what, path, status) => {
    const headers = status === 200 ? { accept: 'text/html' } : undefined;
    const answer = await ask(rose.url + path, { headers });
    expect(answer.headers).toMatchObject(HEADERS);
    expect(answer.headers['x-request-id']).toMatch(/^[\w-]{36}$/);
    expect([status, 400]).toContain(answer.status);
  });

  it('what is not even HTTP', async () => {
    const { hostname, port } = new URL(rose.url);
    const socket = connect(Number(port), hostname);
    socket.end('this is no HTTP\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(text).toContain('x-content-type-options: nosniff');
  });
});

describe('a refusal', () => {
  const update = (body: string, headers: Record<string, string> = {}) =>
    ask(`${rose.url}/trpc/settings.user.update`, {
      body,
      headers: { authorization: `Bearer ${ada.session}`, ...headers },
    });

  it('of malformed JSON says so', async () => {
    const answer = await update('{"values":');
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject(rejected('INVALID_INPUT'));
    expect(answer.text).toContain('not valid JSON');
  });

  it.each(['text/plain', 'application/octet-stream', 'multipart/form-data; boundary=x', 'nonsense'])(
    'of a body of type %s says so',
    async (type) => {
      const answer = await update('{"values":{}}', { 'content-type': type });
      expect(answer.status).toBe(400);
      expect(answer.json).toMatchObject(rejected('INVALID_INPUT'));
    },
  );

  it('of 100 MB where 1 MiB is allowed comes before the body was read', async () => {
    const { hostname, port } = new URL(rose.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /trpc/settings.user.update HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${100 * 1024 * 1024}\r\n\r\n{"values":`,
    );
    let text = '';
    for await (const chunk of socket) {
      text += String(chunk);
      if (text.includes('TOO_LARGE')) break;
    }
    expect(text).toMatch(/^HTTP\/1.1 413 /);
  });

  it('of more than 1 MiB without a declared length is the same', async () => {
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'x');
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < bytes.length; i += 65_536) controller.enqueue(bytes.subarray(i, i + 65_536));
        controller.close();
      },
    });
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${ada.session}` };
    const answer = await fetch(`${rose.url}/trpc/settings.user.update`, {
      method: 'POST',
      body,
      headers,
      duplex: 'half',
    } as RequestInit);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject(rejected('TOO_LARGE'));
  });

  it('of a query by POST, or a mutation by GET, says which method', async () => {
    const answer = await ask(`${rose.url}/trpc/accounts.signIn`);
    expect(answer.json).toMatchObject(rejected('INVALID_INPUT'));
  });

  it('below the other doors is never the page of the UI', async () => {
    for (const path of ['/trpc', '/trpc/', '/projects/1/nothing', '/healthz/x', '/metrics/x', '/_app/immutable/x.js']) {
      const answer = await ask(rose.url + path, { headers: { accept: 'text/html' } });
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.json).toHaveProperty('error');
    }
  });
});

it('a fault inside is INTERNAL, with a request id that the log knows, and says nothing else', async () => {
  const { prisma } = rose.context.database;
  await prisma.$executeRaw`ALTER TABLE "UserSettings" RENAME TO "Hidden"`;
  try {
    const headers = { authorization: `Bearer ${ada.session}` };
    const answer = await ask(`${rose.url}/trpc/settings.user.get`, { headers });
    expect(answer.status).toBe(500);
    expect(answer.json).toMatchObject(rejected('INTERNAL'));
    expect(answer.text).not.toMatch(/UserSettings|prisma|apps\/|node_modules|at /i);
    const id = String(answer.headers['x-request-id']);
    expect(answer.text).toContain(id);
    const entry = rose
      .logged()
      .split('\n')
      .find((line) => line.includes(id) && line.includes('stack'));
    expect(entry).toContain('UserSettings');
  } finally {
    await prisma.$executeRaw`ALTER TABLE "Hidden" RENAME TO "UserSettings"`;
  }
});

it('no password, cookie, session id or token is ever logged', async () => {
  const { token } = await ada.rose.accounts.tokens.create.mutate({ name: 'ci' });
  const secrets = ['hunter2 hunter2 hunter2', ada.password, ada.session, token];
  const headers = { cookie: `rose=${ada.session}`, authorization: `Bearer ${token}`, origin: rose.url };
  for (const path of ['signIn', 'signUp', 'me', 'nothing']) {
    await ask(`${rose.url}/trpc/accounts.${path}`, { body: { email: 'x', password: secrets[0] }, headers });
    await ask(
      `${rose.url}/trpc/accounts.${path}?input=${encodeURIComponent(JSON.stringify({ password: secrets[0] }))}`,
      { headers },
    );
  }
  rose.context.log.error(
    { err: Object.assign(new Error('x'), { password: secrets[0], req: { headers } }) },
    'A fault.',
  );
  rose.context.log.info({ headers, body: { password: secrets[0] } }, 'Careless.');
  const logged = rose.logged();
  expect(logged).toContain('accounts.signIn');
  for (const secret of secrets) expect(logged).not.toContain(secret);
});

it('/readyz says whether the database answers, /metrics counts what was answered', async () => {
  expect((await ask(`${rose.url}/readyz`)).json).toMatchObject({ status: 'ready', database: 'ready' });
  const { text } = await ask(`${rose.url}/metrics`);
  expect(text).toMatch(/^rose_http_requests_total\{method="POST",route="\/trpc\/:path",status="200"\} \d+$/m);
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
});
