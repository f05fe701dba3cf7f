import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Refusal } from './refusals.ts';
import { EgressProxy } from './supervisor.ts';
import type { EgressPolicy } from './rules.ts';

const NONE: EgressPolicy = { mode: 'none', allow: [] };
const PUBLIC: EgressPolicy = { mode: 'public', allow: [] };

let stack: AsyncDisposableStack;
let socketPath: string;
let refusals: Refusal[];
let restarts: string[];
let proxy: EgressProxy;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  refusals = [];
  restarts = [];
  const folder = await mkdtemp(path.join(tmpdir(), 'rose-egress-'));
  stack.defer(() => rm(folder, { recursive: true }));
  socketPath = path.join(folder, 'egress.sock');
  proxy = stack.use(
    new EgressProxy({
      rules: { ports: [80, 443], privateHosts: [], refusedNetworks: [], upstreamProxy: null },
      refused: (refusal) => void refusals.push(refusal),
      restarted: (reason) => void restarts.push(reason),
    }),
  );
  proxy.start();
});
afterEach(() => stack.disposeAsync());

async function ask(host = '127.0.0.1'): Promise<string> {
  const socket = connect({ path: socketPath });
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: x\r\n\r\n`);
  return text(socket);
}

/** Asks until somebody answers. */
async function askAgain(host?: string): Promise<string> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      return await ask(host);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

test('the process listens, takes a new policy, tells refusals and closes', async () => {
  await proxy.listen(7, socketPath, PUBLIC);
  expect(await ask()).toContain('loopback');
  await proxy.setPolicy(7, NONE);
  expect(await ask()).toContain('no access to the network');
  await expect.poll(() => refusals.map(({ host }) => host)).toEqual(['127.0.0.1', '127.0.0.1']);
  await proxy.close(7);
  await proxy.close(7);
  await expect(ask()).rejects.toThrow();
});

test('a project may listen again, on the same socket', async () => {
  await proxy.listen(7, socketPath, PUBLIC);
  await proxy.listen(7, socketPath, NONE);
  expect(await ask()).toContain('no access to the network');
});

test('a socket that cannot be made is an error', async () => {
  await expect(proxy.listen(7, '/nonexistent/egress.sock', PUBLIC)).rejects.toMatchObject({ code: 'CONTAINER_FAILED' });
});

test('a process that is killed comes back, with the sockets and policies it had', async () => {
  await proxy.listen(7, socketPath, PUBLIC);
  await proxy.setPolicy(7, NONE);
  process.kill(proxy.pid!, 'SIGKILL');
  await expect.poll(() => restarts).toEqual(['SIGKILL']);
  expect(await askAgain()).toContain('no access to the network');
});

test('networks that are refused later are refused at once, and still after a restart', async () => {
  await proxy.listen(7, socketPath, PUBLIC);
  proxy.refuseNetworks(['203.0.113.0/24']);
  expect(await ask('203.0.113.7')).toContain('this host');
  process.kill(proxy.pid!, 'SIGKILL');
  await expect.poll(() => restarts).toEqual(['SIGKILL']);
  expect(await askAgain('203.0.113.7')).toContain('this host');
});

test('nothing is left when it is disposed', async () => {
  await proxy.listen(7, socketPath, PUBLIC);
  const pid = proxy.pid!;
  await proxy[Symbol.asyncDispose]();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  await expect(ask()).rejects.toThrow();
  expect(restarts).toEqual([]);
});

test('the process leads a session of its own, so that Ctrl-C at the orchestrator does not reach it', async () => {
  await proxy.listen(7, socketPath, PUBLIC);
  const [, , , session] = (await readFile(`/proc/${proxy.pid}/stat`, 'latin1')).replace(/^.*\) /, '').split(' ');
  expect(Number(session)).toBe(proxy.pid);
});
