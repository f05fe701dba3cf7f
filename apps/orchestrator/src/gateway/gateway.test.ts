import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { ask } from '@rose/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hostileHouse, type HostileHouse } from '../../test/hostile-agent.ts';

let house: HostileHouse;
let seen: { headers: IncomingHttpHeaders; url: string; method: string }[];
beforeAll(async () => {
  house = await hostileHouse();
});
afterAll(() => house[Symbol.asyncDispose]());
beforeEach(() => {
  seen = [];
  house.answer = (request, response) => {
    seen.push({ headers: request.headers, url: request.url ?? '', method: request.method ?? '' });
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  };
});

const session = () => ({ authorization: `Bearer ${house.ada.session}` });

describe('what a call brings along', () => {
  it('is what the agent must know of it, and who asks; nothing that RoSE alone may see', async () => {
    const cookie = `rose=${house.ada.session}`;
    await ask(house.at('files.write?batch=1'), {
      body: { path: 'x' },
      headers: {
        ...session(),
        cookie,
        origin: house.rose.url,
        accept: 'application/json',
        'trpc-accept': 'application/jsonl',
        'last-event-id': '7',
        forwarded: 'for=1.2.3.4',
        'x-forwarded-for': '1.2.3.4',
        'x-rose-role': 'system',
        'x-rose-secret': 'guess',
        'proxy-authorization': 'Basic YTpi',
        'user-agent': 'somebody',
      },
    });
    const [{ headers, url, method }] = seen as [(typeof seen)[0]];
    expect({ url, method }).toEqual({ url: '/files.write?batch=1', method: 'POST' });
    const { host, connection, 'x-rose-secret': secret, ...passed } = headers;
    expect(host).toBe('agent');
    expect(connection).toBe('keep-alive');
    expect(secret).not.toBe('guess');
    expect(passed).toEqual({
      'content-type': 'application/json',
      'content-length': '12',
      accept: 'application/json',
      'trpc-accept': 'application/jsonl',
      'last-event-id': '7',
      'x-rose-role': 'editor',
    });
  });

  it.each(['..%2f..%2fetc', '%2e%2e/x', '%0d%0aX-Evil:%201', '-%2ffiles.read', '%ff', 'a%20b', '%00'])(
    'keeps an odd path (%s) one request to the same agent, or is refused',
    async (name) => {
      const { status } = await ask(house.at(name), { headers: session() });
      expect([200, 400, 404, 502]).toContain(status);
      expect(seen.length).toBeLessThanOrEqual(1);
      for (const { headers } of seen) expect(headers).not.toHaveProperty('x-evil');
    },
  );
});

describe('what an agent answers', () => {
  it('keeps status, length and type; cookies, redirects and all else are dropped', async () => {
    house.answer = (request, response) => {
      request.resume();
      response
        .writeHead(409, {
          'content-type': 'application/json; charset=utf-7',
          'content-length': '2',
          'set-cookie': ['rose=stolen', '__Host-rose=stolen'],
          location: 'https://evil.example',
          'clear-site-data': '"*"',
          'access-control-allow-origin': '*',
          'content-security-policy': 'default-src *',
          'x-anything': 'yes',
          refresh: '0;url=https://evil.example',
        })
        .end('{}');
    };
    const { status, headers, text } = await ask(house.at('files.list'), { headers: session() });
    expect({ status, text }).toEqual({ status: 409, text: '{}' });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '2',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'cache-control': 'no-store',
    });
    for (const name of [
      'set-cookie',
      'location',
      'clear-site-data',
      'access-control-allow-origin',
      'x-anything',
      'refresh',
    ]) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  it.each([
    'text/html',
    'text/html; charset=utf-8',
    'image/svg+xml',
    'text/javascript',
    'application/xhtml+xml',
    'nonsense',
  ])('is refused when it is %s', async (type) => {
    house.answer = (_request, response) =>
      response.writeHead(200, { 'content-type': type }).end('<script>alert(1)</script>');
    const { status, json, text } = await ask(house.at('files.list'), { headers: session() });
    expect(status).toBe(502);
    expect(json).toMatchObject({ error: { code: 'AGENT_LIED' } });
    expect(text).not.toContain('script');
  });

  it.each([301, 302, 307, 401, 404, 500, 599])(
    'with status %i sends nobody anywhere and signs nobody out',
    async (code) => {
      house.answer = (_request, response) =>
        response.writeHead(code, { location: '/elsewhere', 'content-type': 'application/json' }).end('{}');
      const { status, headers } = await ask(house.at('files.list'), { headers: session() });
      expect(status).toBe(code);
      expect(headers).not.toHaveProperty('location');
      expect(await house.ada.rose.accounts.me.query()).toMatchObject({ name: 'Ada' });
    },
  );

  it.each([199, 600, 999])('with the status %i, which is none, is refused', async (code) => {
    house.answer = (request) =>
      request.socket.end(`HTTP/1.1 ${code} Odd\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`);
    const { status } = await ask(house.at('files.list'), { headers: session() });
    expect(status).toBe(502);
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['nothing', ''],
    ['headers of a megabyte', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1_000_000)}\r\n\r\n`],
  ])('that is %s is refused', async (_what, bytes) => {
    house.answer = (request) => request.socket.end(bytes);
    const { status, json } = await ask(house.at('files.list'), { headers: session() });
    expect(status).toBe(502);
    expect(json).toMatchObject({ error: { code: 'AGENT_UNAVAILABLE' } });
  });

  it('that breaks off in the middle breaks off for the caller too: he never takes a part for the whole', async () => {
    house.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': '1000' });
      response.write('part', () => response.destroy());
    };
    await expect(ask(house.at('-/files.read?path=f'), { headers: session() })).rejects.toThrow();
  });
});

it.each([
  ['no session', () => ({}), 401, 'UNAUTHENTICATED'],
  ['a wrong session', () => ({ authorization: 'Bearer guess' }), 401, 'UNAUTHENTICATED'],
])('with %s nothing reaches the agent', async (_what, headers, status, code) => {
  for (const question of [{}, { body: {} }]) {
    const answer = await ask(house.at('files.list'), { ...question, headers: headers() });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ error: { code } });
  }
  expect(seen).toEqual([]);
});

it('a foreign, unknown or nonsensical project is NOT_FOUND, and no agent hears of the call', async () => {
  const mallory = await house.rose.signUp('Mallory');
  const headers = { authorization: `Bearer ${mallory.session}` };
  for (const id of [String(house.project.id), '999', '0', '-1', 'abc', '1e0', '2147483648', '%31%00', '..']) {
    const answer = await ask(`${house.rose.url}/projects/${id}/agent/files.list`, { headers });
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ error: { code: 'NOT_FOUND' } });
  }
  expect(seen).toEqual([]);
});

/** An open answer, read as slowly as the test wants. */
async function open(path: string): Promise<IncomingMessage> {
  const asked = httpRequest(house.at(path), { headers: session() });
  asked.on('error', () => {});
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  return response;
}

it('events pass one by one, as they come', async () => {
  const { promise: more, resolve: send } = Promise.withResolvers<void>();
  house.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    void more.then(() => response.end('data: 2\n\n'));
  };
  const response = await open('commands.watch');
  expect(response.headers['content-type']).toBe('text/event-stream');
  expect(String((await once(response, 'data'))[0])).toBe('data: 1\n\n');
  send();
  expect(String((await once(response, 'data'))[0])).toBe('data: 2\n\n');
});

const PIECE = Buffer.alloc(64 * 1024);
const MOST_AHEAD = 32 * 1024 * 1024;

/** Polls until a number stands still. */
async function settled(read: () => number): Promise<number> {
  for (let last = -1; ;) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (read() === last) return last;
    last = read();
  }
}

it('a download waits for a reader that does not read: nothing piles up in between', async () => {
  let sent = 0;
  house.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    const more = (): void => {
      for (let free = true; free && !response.destroyed && sent < 2 ** 31; sent += PIECE.length)
        free = response.write(PIECE);
    };
    response.on('drain', more);
    more();
  };
  const response = await open('-/files.read?path=large');
  expect(await settled(() => sent)).toBeLessThan(MOST_AHEAD);
  response.destroy();
});

it('an upload waits for an agent that does not read', async () => {
  house.answer = (request) => void request.pause();
  const asked = httpRequest(house.at('-/files.write?path=large'), {
    method: 'POST',
    headers: { ...session(), 'content-type': 'application/octet-stream' },
  });
  asked.on('error', () => {});
  let sent = 0;
  const more = (): void => {
    for (let free = true; free && !asked.destroyed && sent < 2 ** 31; sent += PIECE.length) free = asked.write(PIECE);
  };
  asked.on('drain', more);
  more();
  expect(await settled(() => sent)).toBeLessThan(MOST_AHEAD);
  asked.destroy();
});

it('a caller who leaves ends the call at the agent', async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  house.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    response.once('close', end);
  };
  const response = await open('commands.watch');
  response.destroy();
  await ended;
});

it('a caller who signs out while he reads is cut off', async () => {
  const grace = await house.rose.signUp('Grace');
  const project = await grace.rose.projects.create.mutate({ name: 'hers' });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  house.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    response.once('close', end);
  };
  const asked = httpRequest(`${house.rose.url}/projects/${project.id}/agent/commands.watch`, {
    headers: { authorization: `Bearer ${grace.session}` },
  });
  asked.on('error', () => {});
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  await grace.rose.accounts.signOut.mutate();
  await ended;
  if (!response.destroyed) await once(response.resume(), 'close');
});
