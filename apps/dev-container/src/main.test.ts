import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { encodeJsonFrame } from '@rose/snapshot';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { spawnAgent } from '../test/agent-process.ts';
import { makeZip } from '../test/zip-writer.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rose-agent-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('an agent starts over the socket of a killed one and stops on SIGTERM', async () => {
  const first = await spawnAgent(home);
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  expect(statSync(first.socket).isSocket()).toBe(true);
  await using second = await spawnAgent(home);
  expect(JSON.parse((await second.call('/status.get'))!.body).result.data).toMatchObject({ build: 'process' });
  second.process.kill('SIGTERM');
  expect(await once(second.process, 'exit')).toEqual([0, null]);
});

test('an agent stops within 5 s although a command ignores SIGTERM', async () => {
  await using agent = await spawnAgent(home);
  const argv = ['sh', '-c', 'trap "" TERM; echo $$ > pid; while :; do sleep 0.1; done'];
  const call = agent.call('/-/commands.run', { method: 'POST', body: encodeJsonFrame(1, { argv }) });
  const pidFile = join(home, 'workspace/pid');
  await expect.poll(() => readText(pidFile)).toMatch(/\d+\n/);
  const started = Date.now();
  agent.process.kill('SIGTERM');
  await once(agent.process, 'exit');
  expect(Date.now() - started).toBeLessThan(5000);
  expect(() => process.kill(Number(readText(pidFile)), 0)).toThrow();
  await call;
});

test('the secret is not inherited by commands', async () => {
  await using agent = await spawnAgent(home);
  const call = await agent.call('/-/commands.run', { method: 'POST', body: encodeJsonFrame(1, { argv: ['env'] }) });
  expect(call!.body).toContain('USER=dev');
  expect(call!.body).not.toContain('ROSE_');
});

test('what the project sets is for commands, and the agent itself is not affected', async () => {
  const variables = { NODE_OPTIONS: '--require /nowhere', GREETING: 'hello', USER: 'mallory' };
  const entries = Object.entries(variables).map(([name, value]) => [`ROSE_COMMAND_${name}`, value]);
  await using agent = await spawnAgent(home, Object.fromEntries(entries) as Record<string, string>);
  const call = await agent.call('/-/commands.run', { method: 'POST', body: encodeJsonFrame(1, { argv: ['env'] }) });
  for (const line of ['NODE_OPTIONS=--require /nowhere', 'GREETING=hello', 'USER=dev'])
    expect(call!.body).toContain(`${line}\n`);
});

test('an agent that lacks a variable says which', () => {
  const result = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { PATH: process.env.PATH! },
  });
  expect(result.status).not.toBe(0);
  expect(result.stderr.toString()).toContain('ROSE_AGENT_SOCKET');
});

test('a warm-up loads every module and ends', () => {
  const env = { PATH: process.env.PATH!, ROSE_AGENT_WARM: '1', NODE_COMPILE_CACHE: join(home, 'cache') };
  const result = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts')], { env });
  expect(result.stderr.toString()).toBe('');
  expect(result.status).toBe(0);
  expect(readdirSync(join(home, 'cache')).length).toBeGreaterThan(0);
});

test('an unzip that is killed is undone at the next start: never a mix', async () => {
  const workspace = join(home, 'workspace');
  mkdirSync(join(workspace, 'd'), { recursive: true });
  const names = Array.from({ length: 600 }, (_, index) => `d/f${index}`);
  for (const name of names) writeFileSync(join(workspace, name), 'old');
  const zip = makeZip([...names, 'new'].map((name) => ({ name, data: 'new' })));
  for (let round = 0; round < 2; round += 1) {
    const agent = await spawnAgent(home);
    const room = join(home, '.rose/archive');
    const call = agent.call('/-/archive.unzip', { method: 'POST', body: zip });
    for (const until = Date.now() + 30_000; !isMerging(room) && Date.now() < until;) await setImmediate();
    agent.process.kill('SIGKILL');
    await call;
    await using next = await spawnAgent(home);
    expect(readdirSync(room)).toEqual([]);
    const contents = new Set(names.map((name) => readText(join(workspace, name))));
    expect([...contents]).toHaveLength(1);
    expect(readdirSync(workspace)).toEqual(contents.has('old') ? ['d'] : ['d', 'new']);
    for (const name of names) writeFileSync(join(workspace, name), 'old');
    rmSync(join(workspace, 'new'), { force: true });
    expect((await next.call('/healthz'))?.status).toBe(200);
  }
});

function isMerging(room: string): boolean {
  return readdirSync(room).some((name) => readText(join(room, name, 'journal')) !== '');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
