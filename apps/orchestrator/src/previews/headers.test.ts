import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PORT, previewHouse, type PreviewHouse } from '../../test/preview-house.ts';

let house: PreviewHouse;
let cookie: string;
let origin: string;
beforeAll(async () => {
  house = await previewHouse();
  const { url } = await house.ada.rose.previews.open.mutate({ projectId: house.project, port: PORT });
  cookie = await house.enter(url);
  origin = `http://${house.host()}`;
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** What the app sees of a request with these headers. */
async function seen(headers: Record<string, string> = {}, body?: string) {
  const { cookie: more, ...rest } = headers;
  const answer = await house.visit('/echo?q=1', more === undefined ? cookie : `${cookie}; ${more}`, {
    headers: rest,
    body,
  });
  return answer.json as { method: string; url: string; headers: Record<string, string>; length: number };
}

/** The headers of an answer of the app with these. */
async function answered(...pairs: [name: string, value: string][]) {
  return (await house.visit(`/answer?${new URLSearchParams(pairs).toString()}`, cookie)).headers;
}

describe('the app', () => {
  it('is asked as by a browser in its own container', async () => {
    const { method, url, headers } = await seen({
      origin,
      referer: `${origin}/page?x=1`,
      'accept-language': 'de',
      'x-requested-with': 'fetch',
    });
    expect({ method, url }).toEqual({ method: 'GET', url: '/echo?q=1' });
    expect(headers).toEqual({
      host: `localhost:${PORT}`,
      origin: `http://localhost:${PORT}`,
      referer: `http://localhost:${PORT}/page?x=1`,
      'accept-language': 'de',
      'x-requested-with': 'fetch',
      'x-rose-preview-origin': origin,
      connection: 'keep-alive',
    });
  });

  it('never sees a cookie of RoSE, and sees all of its own', async () => {
    const ours = [
      `rose=${house.ada.session}`,
      '__Host-rose=x',
      'rose-device=x',
      '__Host-rose-device=x',
      'rose-preview=x',
      '__Host-rose-preview=x',
    ];
    expect((await seen({ cookie: ours.join('; ') })).headers).not.toHaveProperty('cookie');
    const own = 'a=1; roses=red; b="x; y=2; c';
    expect((await seen({ cookie: `${ours[0]}; ${own}` })).headers['cookie']).toBe(own);
  });

  it('never sees a session or token of RoSE, and sees credentials of its own', async () => {
    const { token } = await house.ada.rose.accounts.tokens.create.mutate({ name: 'look' });
    for (const ours of [house.ada.session, token]) {
      for (const scheme of ['Bearer', 'bearer'])
        expect((await seen({ authorization: `${scheme} ${ours}` })).headers).not.toHaveProperty('authorization');
    }
    for (const own of ['Basic YTpi', 'Bearer eyJhbGciOi.J9.x', 'Bearer short'])
      expect((await seen({ authorization: own })).headers['authorization']).toBe(own);
  });

  it('sees nothing that speaks of proxies, or of one connection', async () => {
    const { headers } = await seen({
      forwarded: 'for=1.2.3.4',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-real-ip': '1.2.3.4',
      'x-rose-role': 'system',
      'x-rose-preview-origin': 'http://evil.example',
      'proxy-authorization': 'Basic YTpi',
      te: 'trailers',
      'keep-alive': 'timeout=5',
      connection: 'keep-alive, x-secret, host',
      'x-secret': 'of this connection',
    });
    expect(headers).toEqual({ host: `localhost:${PORT}`, 'x-rose-preview-origin': origin, connection: 'keep-alive' });
  });

  it('gets bodies whose length is told, and those whose is not', async () => {
    expect(await seen({ origin }, 'four')).toMatchObject({
      method: 'POST',
      length: 4,
      headers: { 'content-length': '4' },
    });
    const named = await seen({ origin, connection: 'content-length' }, 'four');
    expect(named).toMatchObject({ length: 4, headers: { 'content-length': '4' } });
    const chunked = await seen({ origin, 'transfer-encoding': 'chunked' }, 'five!');
    expect(chunked).toMatchObject({ method: 'POST', length: 5, headers: { 'transfer-encoding': 'chunked' } });
  });

  it('is asked the same address, odd ones too', async () => {
    for (const address of ['/echo?a=%2e%2e/..&b=%ff', '/echo?x=//y\\z']) {
      expect((await house.visit(address, cookie)).json).toMatchObject({ url: address });
    }
  });

  it('sees no request that another site’s page, or another project’s, could have made', async () => {
    const other = `http://${house.host(PORT, house.project + 1)}`;
    const refused: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: other },
      { origin: house.rose.url },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', referer: `${other}/` },
    ];
    for (const headers of refused) {
      expect((await house.visit('/echo', cookie, { headers })).status).toBe(403);
      expect((await house.visit('/echo', cookie, { headers, body: 'x' })).status).toBe(403);
    }
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await house.visit('/echo', cookie, { headers: link })).status).toBe(200);
    expect((await house.visit('/echo', cookie, { headers: link, body: 'x' })).status).toBe(403);
    const own: Record<string, string>[] = [
      { origin },
      { origin: `http://${house.host(3000)}` },
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', referer: `http://${house.host(3000)}/` },
    ];
    for (const headers of own) expect((await house.visit('/echo', cookie, { headers })).status).toBe(200);
  });

  it('is not asked for another host than its own', async () => {
    for (const host of [
      `p0-${PORT}`,
      `p01-${PORT}`,
      `p${house.project}-0`,
      `p${house.project}-65536`,
      `x.${house.host()}`,
    ]) {
      const at = host.includes('.') ? host : house.host().replace(/^[^.]+/, host);
      expect((await house.visit('/', cookie, { headers: { host: at } })).status).toBe(403);
    }
    const portless = house.host().replace(/:\d+$/, '');
    for (const host of [portless, `${portless}:1`, `${portless}.`, `${portless}.evil.example`])
      expect((await house.visit('/', cookie, { headers: { host } })).status).toBe(403);
  });
});

describe('what an app answers', () => {
  it('reaches the browser as it is', async () => {
    const headers = await answered(
      ['content-type', 'text/css'],
      ['etag', '"1"'],
      ['cache-control', 'max-age=60'],
      ['content-security-policy', "default-src 'self'"],
      ['x-frame-options', 'DENY'],
      ['vary', 'a'],
      ['link', '</x>; rel=preload'],
    );
    expect(headers).toMatchObject({
      'content-type': 'text/css',
      etag: '"1"',
      'cache-control': 'max-age=60',
      'content-security-policy': "default-src 'self'",
      'x-frame-options': 'DENY',
      vary: 'a',
      link: '</x>; rel=preload',
    });
    for (const ours of ['x-request-id', 'cross-origin-opener-policy', 'x-content-type-options'])
      expect(headers).not.toHaveProperty(ours);
  });

  it('sets cookies for its own host only, and none of RoSE’s', async () => {
    const headers = await answered(
      ['set-cookie', 'a=1; Path=/; HttpOnly'],
      ['set-cookie', 'b=2; Domain=localhost; Path=/'],
      ['set-cookie', 'c=3;domain = .localhost ; Secure'],
      ['set-cookie', 'd=4; DOMAIN='],
      ['set-cookie', 'rose=stolen; Path=/'],
      ['set-cookie', ' __Host-rose =stolen; Path=/'],
      ['set-cookie', 'rose-preview=stolen'],
    );
    expect(headers['set-cookie']).toEqual(['a=1; Path=/; HttpOnly', 'b=2; Path=/', 'c=3; Secure', 'd=4']);
  });

  it.each([
    [`http://localhost:${PORT}/next?x=1#y`, () => `${origin}/next?x=1#y`],
    [`https://127.0.0.1:${PORT}`, () => origin],
    [`//[::1]:${PORT}/`, () => `${origin}/`],
    ['http://localhost:3000/login', () => `http://${house.host(3000)}/login`],
    ['http://localhost/', () => `http://${house.host(80)}/`],
    ['/next', () => '/next'],
    ['https://example.org/', () => 'https://example.org/'],
    ['http://localhost.evil.example/', () => 'http://localhost.evil.example/'],
    ['http://localhost:99999/', () => 'http://localhost:99999/'],
  ])('that leads to %s leads the browser there', async (location, expected) => {
    expect((await answered(['location', location])).location).toBe(expected());
  });

  it('speaks for no other host, and of no connection but the browser’s', async () => {
    const headers = await answered(
      ['clear-site-data', '"*"'],
      ['alt-svc', 'h2="evil.example:443"'],
      ['proxy-authenticate', 'Basic'],
      ['x-hop', '1'],
      ['connection', 'close, x-hop'],
    );
    for (const name of ['clear-site-data', 'alt-svc', 'proxy-authenticate', 'x-hop'])
      expect(headers).not.toHaveProperty(name);
  });
});
