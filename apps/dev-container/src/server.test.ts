import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf, startAgent, type TestAgent } from '../test/start-agent.ts';

let agent: TestAgent;
beforeAll(async () => {
  agent = await startAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

test('a call without the secret, with a wrong one or without a role is refused', async () => {
  for (const options of [{ secret: null }, { secret: 'guess' }, { secret: '' }, { role: null }]) {
    for (const path of ['/healthz', '/status.get', '/-/files.read?path=a']) {
      const answer = await agent.call(path, options);
      expect(errorOf(answer)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    }
  }
  expect(errorOf(await agent.call('/healthz', { headers: { 'x-rose-role': 'owner' }, role: null })).status).toBe(401);
});

test('the agent says that it is there, and how it is', async () => {
  expect((await agent.call('/healthz')).status).toBe(200);
  const status = await agent.query('status.get');
  expect(status).toMatchObject({ build: 'test', node: process.version, pid: process.pid, commands: 0 });
  expect(status.freeBytes).toBeGreaterThan(0);
});

test('a viewer changes nothing', async () => {
  await expect(agent.mutate('files.mkdir', { path: 'x' }, 'viewer')).rejects.toMatchObject({
    code: 'FORBIDDEN',
    status: 403,
  });
  const answer = await agent.call('/-/files.write?path=x', { method: 'POST', role: 'viewer', body: 'x' });
  expect(errorOf(answer)).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  expect(existsSync(`${agent.workspace}/x`)).toBe(false);
});

test('a call that is larger than 1 MiB is refused with a clear error', async () => {
  const content = 'x'.repeat(1024 * 1024);
  const failure = agent.mutate('files.write', { path: 'large', content });
  await expect(failure).rejects.toMatchObject({ code: 'TOO_LARGE', status: 413 });
  expect(existsSync(`${agent.workspace}/large`)).toBe(false);
});

test('what is unknown, malformed or called the wrong way is a failure of the catalogue', async () => {
  await expect(agent.query('files.fly')).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
  await expect(agent.query('files.mkdir', { path: 'x' })).rejects.toMatchObject({ code: 'INVALID_INPUT', status: 405 });
  await expect(agent.query('files.stat', { path: 7 })).rejects.toMatchObject({ code: 'INVALID_INPUT', status: 400 });
  await expect(agent.query('files.stat', { path: 'x', more: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  const malformed = await agent.call('/files.mkdir', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"path":',
  });
  expect(malformed.status).toBe(400);
  expect(JSON.parse(malformed.body.toString()).error.data.rose.code).toBe('INVALID_INPUT');
  expect(errorOf(await agent.call('/-/files.fly'))).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  expect(errorOf(await agent.call('/-/__proto__'))).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  expect(errorOf(await agent.call('/-/files.read?path=x', { method: 'POST' }))).toMatchObject({
    code: 'INVALID_INPUT',
  });
  expect(errorOf(await agent.call('/-/files.read?path=%zz'))).toMatchObject({ code: 'INVALID_INPUT' });
  expect(errorOf(await agent.call('/-/files.read?path=a&path=b'))).toMatchObject({ code: 'INVALID_INPUT' });
  expect(errorOf(await agent.call('/-/files.read?path=a&mode=b'))).toMatchObject({ code: 'INVALID_INPUT' });
});

test('a refused upload is answered although its body is still coming', async () => {
  const body = Buffer.alloc(8 * 1024 * 1024);
  const answer = await agent.call('/-/files.write?path=../x', { method: 'POST', body });
  expect(errorOf(answer)).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
});

test('many calls in one batch are bounded', async () => {
  const names = Array.from({ length: 60 }, () => 'status.get').join(',');
  expect((await agent.call(`/${names}?batch=1&input={}`)).status).toBe(400);
});
