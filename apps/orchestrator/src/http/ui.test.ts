import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ask, testOrchestrator, type TestOrchestrator } from '@rose/testing';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer } from '../server.ts';

const SCRIPT = '\n\tstart("/_app/immutable/start.js");\n';
const PAGE = `<!doctype html><title>RoSE</title><div style="display: contents"><script>${SCRIPT}</script></div>`;

let rose: TestOrchestrator;
let folder: string;
let server: FastifyInstance;
let url: string;
beforeAll(async () => {
  rose = await testOrchestrator();
  folder = await mkdtemp(path.join(tmpdir(), 'rose-ui-'));
  await mkdir(path.join(folder, '_app/immutable'), { recursive: true });
  await writeFile(path.join(folder, 'index.html'), PAGE);
  await writeFile(path.join(folder, 'favicon.svg'), '<svg/>');
  await writeFile(path.join(folder, '_app/immutable/start.js'), 'export {};');
  server = await createServer({ ...rose.context, webBuild: folder });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
  await rose[Symbol.asyncDispose]();
});

const navigate = (address: string, method = 'GET') =>
  ask(url + address, { method, headers: { accept: 'text/html,*/*' } });

describe('the page of the UI', () => {
  it.each(['/', '/index.html', '/sign-in', '/p/7/versions', '/a.b'])('answers at %s', async (address) => {
    const answer = await navigate(address);
    expect([answer.status, answer.text]).toEqual([200, PAGE]);
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
    expect(answer.headers['cache-control']).toBe('no-cache');
  });

  it('may run its own scripts and the one that is written into it, and no other', async () => {
    const { headers } = await navigate('/sign-in');
    const policy = String(headers['content-security-policy']);
    const hash = await crypto.subtle.digest('SHA-256', Buffer.from(SCRIPT));
    expect(policy).toContain(`script-src 'self' 'sha256-${Buffer.from(hash).toString('base64')}';`);
    expect(policy).toContain("base-uri 'none'; object-src 'none'");
  });

  it.each([
    ['/projects/1/agent/x', 401],
    ['/trpc/x', 404],
    ['/healthz/x', 404],
    ['/readyz/', 404],
    ['/metrics/x', 404],
    ['/_app/immutable/gone.js', 404],
  ])('does not answer at %s', async (address, status) => {
    const answer = await navigate(address);
    expect(answer.status).toBe(status);
    expect(answer.json).toHaveProperty('error');
  });

  it('does not answer to programs, nor to what would change something', async () => {
    expect((await ask(`${url}/sign-in`, { headers: { accept: 'application/json' } })).status).toBe(404);
    expect((await navigate('/sign-in', 'DELETE')).status).toBe(404);
    expect((await navigate('/sign-in', 'HEAD')).status).toBe(200);
  });
});

it('files whose name says their content are kept for ever, others are asked for again', async () => {
  const script = await ask(`${url}/_app/immutable/start.js`);
  expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(script.headers['x-content-type-options']).toBe('nosniff');
  expect((await ask(`${url}/favicon.svg`)).headers['cache-control']).toBe('no-cache');
});

it('nothing outside the build is served', async () => {
  for (const address of ['/../secret', '/%2e%2e/secret', '/..%2fsecret', '/_app/..%2f..%2fsecret']) {
    expect((await ask(url + address)).status).toBeGreaterThanOrEqual(400);
  }
});

it('without a build the page says how to make one', async () => {
  const bare = await createServer({ ...rose.context, webBuild: path.join(folder, 'missing') });
  const address = await bare.listen({ host: '127.0.0.1', port: 0 });
  const answer = await ask(address, { headers: { accept: 'text/html' } });
  expect(answer.text).toContain('npm run build');
  await bare.close();
});
