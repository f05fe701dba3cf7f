import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { useAgent } from '../../test/use-agent.ts';

const bench = useAgent();

test('processes are listed with what they use, the busiest first', async () => {
  const busy = spawn('/bin/sh', ['-c', 'while :; do :; done # busy']);
  try {
    await once(busy, 'spawn');
    const { processes } = await bench.agent.query('processes.list');
    const found = processes.find(({ pid }) => pid === busy.pid);
    expect(found).toMatchObject({ ppid: process.pid, command: ['/bin/sh', '-c', 'while :; do :; done # busy'] });
    expect(found?.cpuPercent).toBeGreaterThan(10);
    expect(found?.rssBytes).toBeGreaterThan(0);
    expect(Math.abs(Date.parse(found?.startedAt ?? '') - Date.now())).toBeLessThan(60_000);
    expect(processes.map(({ cpuPercent }) => cpuPercent)).toEqual(
      processes.map(({ cpuPercent }) => cpuPercent).toSorted((a, b) => b - a),
    );
  } finally {
    busy.kill('SIGKILL');
  }
});

test('a process is signalled; the agent itself is not, and one that is gone is not found', async () => {
  const child = spawn('sleep', ['600']);
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  await expect(bench.agent.mutate('processes.signal', { pid: child.pid }, 'viewer')).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
  await bench.agent.mutate('processes.signal', { pid: child.pid, signal: 'SIGINT' });
  expect(await Promise.race([ended, sleep(10_000)])).toEqual([null, 'SIGINT']);
  for (const [pid, code] of [
    [process.pid, 'FORBIDDEN'],
    [process.ppid, 'FORBIDDEN'],
    [child.pid, 'NOT_FOUND'],
  ])
    await expect(bench.agent.mutate('processes.signal', { pid })).rejects.toMatchObject({ code });
});
