import { ask, codeOf } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PORT, previewHouse, type PreviewHouse } from '../../test/preview-house.ts';

let house: PreviewHouse;
let cookie: string;
beforeAll(async () => {
  house = await previewHouse();
  const { url } = await house.ada.rose.previews.open.mutate({ projectId: house.project, port: PORT });
  cookie = await house.enter(url);
});
afterAll(() => house?.[Symbol.asyncDispose]());

const open = (port = PORT) => house.ada.rose.previews.open.mutate({ projectId: house.project, port });
const share = (expiresInSeconds = 600) =>
  house.ada.rose.previews.share.mutate({ projectId: house.project, port: PORT, expiresInSeconds });

describe('a member', () => {
  it('comes in by a URL of the preview’s own site, and gets a cookie for that host alone', async () => {
    const { url, expiresAt } = await open();
    expect(url).toMatch(new RegExp(`^http://${house.host()}/\\.rose/enter\\?ticket=[\\w-]{32}$`));
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + 60_000);
    const { status, headers } = await house.visit(new URL(url).pathname + new URL(url).search, null);
    expect({ status, location: headers.location }).toEqual({ status: 303, location: '/' });
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^rose-preview=[\w.-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
  });

  it('sees the app', async () => {
    const { status, text } = await house.visit('/', cookie);
    expect({ status, text }).toMatchObject({ status: 200, text: expect.stringContaining('An app') });
    expect(await house.visit('/nowhere', cookie)).toMatchObject({ status: 404, text: 'no such page of the app' });
  });

  it('comes in once by one URL', async () => {
    const { url } = await open();
    expect(await house.enter(url)).not.toBe('');
    expect(await house.enter(url)).toBe('');
  });

  it('has at most 100 URLs at a time: the oldest no longer let him in', async () => {
    const { url: oldest } = await open();
    for (let count = 0; count < 100; count += 10) await Promise.all(Array.from({ length: 10 }, () => open()));
    expect(await house.enter(oldest)).toBe('');
  });

  it('comes in to the port that he asked for, and to no other', async () => {
    const { url } = await open();
    const other = new URL(url);
    const answer = await house.visit(other.pathname + other.search, null, { port: 5174 });
    expect(answer.status).toBe(401);
    expect((await house.visit('/', cookie, { port: 5174 })).status).toBe(401);
  });

  it('is told what to do when nothing listens', async () => {
    const { url } = await open(5999);
    const answer = await house.visit('/', await house.enter(url), { port: 5999, headers: { accept: 'text/html' } });
    expect(answer.status).toBe(502);
    expect(answer.text).toContain('Nothing listens on port 5999');
    expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /);
  });

  it('who signs out is out at once', async () => {
    const { email, password } = house.ada;
    const again = house.rose.rpc();
    const session = await ask(`${house.rose.url}/trpc/accounts.signIn`, {
      body: { email, password },
      headers: { origin: house.rose.url },
    });
    const headers = { cookie: session.headers['set-cookie']!.join('; '), origin: house.rose.url };
    const hers = house.rose.rpc(headers);
    const { url } = await hers.previews.open.mutate({ projectId: house.project, port: PORT });
    const her = await house.enter(url);
    expect((await house.visit('/', her)).status).toBe(200);
    await hers.accounts.signOut.mutate();
    expect((await house.visit('/', her)).status).toBe(401);
    expect(await codeOf(again.previews.open.mutate({ projectId: house.project, port: PORT }))).toBe('UNAUTHENTICATED');
  });

  it('with an API token that is revoked is out at once', async () => {
    const { id, token } = await house.ada.rose.accounts.tokens.create.mutate({ name: 'script' });
    const script = house.rose.rpc({ authorization: `Bearer ${token}` });
    const { url } = await script.previews.open.mutate({ projectId: house.project, port: PORT });
    const its = await house.enter(url);
    expect((await house.visit('/', its)).status).toBe(200);
    await house.ada.rose.accounts.tokens.revoke.mutate({ id });
    expect((await house.visit('/', its)).status).toBe(401);
  });

  it('is told where the previews of ports are', async () => {
    const origins = await house.ada.rose.previews.origins.query({ projectId: house.project, ports: [PORT, 80] });
    expect(origins).toEqual([
      { port: PORT, origin: `http://${house.host()}` },
      { port: 80, origin: `http://${house.host(80)}` },
    ]);
  });

  it('sees which ports are open', async () => {
    expect(await house.ada.rose.workspace(house.project).ports.list.query()).toContainEqual({
      port: PORT,
      process: 'node preview-app.mjs',
    });
  });
});

describe('a stranger', () => {
  it.each([
    ['nothing', null],
    ['a guess', 'rose-preview=guess'],
    ['a guess of the right form', `rose-preview=${Buffer.from('{}').toString('base64url')}.${'A'.repeat(43)}`],
  ])('with %s gets a page that says how to come in, and nothing of the app', async (_what, guess) => {
    for (const address of ['/', '/echo', '/.rose/enter', '/.rose/enter?ticket=guess', '/.rose/enter?link=guess']) {
      const answer = await house.visit(address, guess, { headers: { accept: 'text/html' } });
      expect(answer.status).toBe(401);
      expect(answer.text).toContain(`href="${house.rose.url}/project/${house.project}/ports"`);
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
      expect(answer.headers).not.toHaveProperty('set-cookie');
    }
  });

  it('with RoSE’s own session or token gets nothing on a preview’s host', async () => {
    const { token } = await house.ada.rose.accounts.tokens.create.mutate({ name: 'look' });
    for (const authorization of [`Bearer ${house.ada.session}`, `Bearer ${token}`]) {
      expect((await house.visit('/', null, { headers: { authorization } })).status).toBe(401);
    }
    expect((await house.visit('/', `rose=${house.ada.session}`)).status).toBe(401);
  });

  it('cannot change a pass', async () => {
    const [name, value = ''] = cookie.split('=');
    const [text = '', mark = ''] = value.split('.');
    const plain = Buffer.from(text, 'base64url').toString();
    const longer = Buffer.from(plain.replace(/"expiresAt":\d/, '"expiresAt":9')).toString('base64url');
    expect((await house.visit('/', `${name}=${longer}.${mark}`)).status).toBe(401);
    expect((await house.visit('/', `${name}=${text}.${mark.slice(1)}`)).status).toBe(401);
    expect((await house.visit('/', `${name}=${text}`)).status).toBe(401);
  });

  it('may not open, share, list or revoke', async () => {
    const mallory = await house.rose.signUp('Mallory');
    const { previews } = mallory.rose;
    const place = { projectId: house.project, port: PORT };
    const { id } = await share();
    for (const call of [
      () => previews.open.mutate(place),
      () => previews.share.mutate(place),
      () => previews.list.query({ projectId: house.project }),
      () => previews.revoke.mutate({ projectId: house.project, id }),
    ]) {
      expect(await codeOf(call())).toBe('NOT_FOUND');
    }
  });

  it('wakes nothing, and neither does a page that was left open', async () => {
    const { id } = await house.ada.rose.projects.create.mutate({ name: 'asleep' });
    const { url } = await house.ada.rose.previews.open.mutate({ projectId: id, port: PORT });
    await house.ada.rose.containers.stop.mutate({ projectId: id });
    const host = new URL(url).host;
    const at = (address: string, headers: Record<string, string> = {}) =>
      ask(house.rose.url + address, { headers: { host, ...headers } });
    const state = async () => (await house.ada.rose.projects.get.query({ projectId: id })).state;
    expect((await at('/')).status).toBe(401);
    const hers = await house.enter(url);
    expect(await state()).toBe('asleep');
    const background = { cookie: hers, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors' };
    expect((await at('/', background)).status).toBe(503);
    expect(await state()).toBe('asleep');
    const visit = {
      cookie: hers,
      'sec-fetch-site': 'none',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await at('/', visit)).status).toBe(502);
    expect(await state()).toBe('running');
  });
});

describe('a link', () => {
  it('lets anybody in until it is revoked, any number of times', async () => {
    const { id, url, sharedBy } = await share();
    expect(sharedBy).toBe(house.ada.email);
    const first = await house.enter(url);
    const second = await house.enter(url);
    for (const visitor of [first, second]) expect((await house.visit('/', visitor)).status).toBe(200);
    const listed = await house.ada.rose.previews.list.query({ projectId: house.project });
    expect(listed).toContainEqual(expect.objectContaining({ id, port: PORT, sharedBy }));
    expect(JSON.stringify(listed)).not.toContain(new URL(url).searchParams.get('link'));
    await house.ada.rose.previews.revoke.mutate({ projectId: house.project, id });
    for (const visitor of [first, second]) expect((await house.visit('/', visitor)).status).toBe(401);
    expect(await house.enter(url)).toBe('');
    expect(await codeOf(house.ada.rose.previews.revoke.mutate({ projectId: house.project, id }))).toBe('NOT_FOUND');
  });

  it('ends by itself, and whoever came by it is out', async () => {
    const { url } = await share(2);
    const visitor = await house.enter(url);
    expect((await house.visit('/', visitor)).status).toBe(200);
    await expect.poll(async () => (await house.visit('/', visitor)).status).toBe(401);
    expect(await house.enter(url)).toBe('');
  });

  it('is kept as its hash alone', async () => {
    const { url } = await share();
    const rows = await house.rose.context.database.pool.query<Record<string, unknown>>('SELECT * FROM "PreviewLink"');
    expect(rows.rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows.rows)).not.toContain(new URL(url).searchParams.get('link'));
  });

  it('leads to its own port and project, and nowhere in RoSE', async () => {
    const { url } = await share();
    const visitor = await house.enter(url);
    expect((await house.visit('/', visitor, { port: 5174 })).status).toBe(401);
    const { search } = new URL(url);
    expect((await house.visit(`/.rose/enter${search}`, null, { port: 5174 })).status).toBe(401);
    const answer = await ask(`${house.rose.url}/trpc/accounts.me`, { headers: { cookie: visitor } });
    expect(answer.status).toBe(401);
  });

  it('lives for at most 30 days, and a project has at most 100', async () => {
    expect(await codeOf(share(2_592_001))).toBe('INVALID_INPUT');
    const { id } = await house.ada.rose.projects.create.mutate({ name: 'many links' });
    const one = () => house.ada.rose.previews.share.mutate({ projectId: id, port: 80 });
    for (let count = 0; count < 100; count += 10) await Promise.all(Array.from({ length: 10 }, one));
    expect(await codeOf(one())).toBe('LIMIT_EXCEEDED');
  });
});

describe('RoSE and its previews are apart', () => {
  it.each(['/trpc/accounts.me', '/healthz', '/readyz', '/metrics', '/projects/1/versions/1.zip', '/sign-in', '/%ff'])(
    '%s of RoSE does not answer on a preview’s host',
    async (address) => {
      expect((await house.visit(address, null)).status).toBe(401);
      expect(await house.visit(address, cookie)).toMatchObject({ status: 404, text: 'no such page of the app' });
      expect(
        await house.visit(address, cookie, { headers: { authorization: `Bearer ${house.ada.session}` } }),
      ).toMatchObject({
        status: 404,
      });
    },
  );

  it('a preview does not answer on RoSE’s host', async () => {
    const answer = await ask(`${house.rose.url}/.rose/enter`, { headers: { cookie, accept: 'text/html' } });
    expect(answer.text).not.toContain('preview');
    expect((await ask(`${house.rose.url}/echo`, { headers: { cookie } })).status).toBe(404);
  });

  it('addresses below /.rose/ never reach the app', async () => {
    for (const address of ['/.rose/', '/.rose/other']) expect((await house.visit(address, cookie)).status).toBe(404);
    expect((await house.visit('/.rose/enter', cookie, { method: 'POST', body: 'x' })).text).toContain('RoSE');
  });
});
