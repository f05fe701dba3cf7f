import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CallFailed, startAgent } from '../../test/start-agent.ts';

/** Swaps the directory `d` for a link to `outside` and back, as fast as it can, until killed. */
const SWAPPER = `
  const fs = require('fs');
  const [directory, outside] = process.argv.slice(1);
  process.stdout.write('swapping');
  for (;;) {
    try { fs.renameSync(directory, directory + '.real'); fs.symlinkSync(outside, directory); } catch {}
    try { fs.unlinkSync(directory); fs.renameSync(directory + '.real', directory); } catch {}
  }`;

test('a directory that is swapped for a link in a loop leads no call out of the workspace', async () => {
  await using agent = await startAgent();
  const outside = join(agent.home, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'f'), 'secret');
  writeFileSync(join(outside, 'victim'), 'kept');
  mkdirSync(join(agent.workspace, 'd'));
  writeFileSync(join(agent.workspace, 'd/f'), 'inside');
  const swapper = spawn(process.execPath, ['-e', SWAPPER, join(agent.workspace, 'd'), outside]);
  try {
    await once(swapper.stdout, 'data');
    const seen = new Map<string, number>();
    const note = (outcome: string): void => void seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    for (const until = Date.now() + 4000; Date.now() < until;) {
      const calls = [
        agent.query('files.read', { path: 'd/f' }).then(({ content }) => content),
        agent.query('files.list', { path: 'd' }).then(({ entries }) => {
          return entries.some(({ name }) => name === 'victim') ? 'secret' : 'inside';
        }),
        agent.mutate('files.write', { path: 'd/new', content: 'x' }).then(() => 'inside'),
        agent.mutate('files.delete', { path: 'd/victim' }).then(() => 'secret'),
        agent.mutate('files.rename', { from: 'd/victim', to: 'stolen' }).then(() => 'secret'),
        agent.mutate('files.mkdir', { path: 'd/made', recursive: true }).then(() => 'inside'),
      ];
      for (const result of await Promise.allSettled(calls)) {
        if (result.status === 'fulfilled') note(result.value);
        else note(result.reason instanceof CallFailed ? result.reason.code : String(result.reason));
      }
    }
    const allowed = ['CONFLICT', 'NOT_FOUND', 'inside'];
    expect([...seen.keys()].filter((outcome) => !allowed.includes(outcome))).toEqual([]);
    expect(seen.get('inside')).toBeGreaterThan(0);
  } finally {
    swapper.kill('SIGKILL');
    await once(swapper, 'close');
  }
  expect(readdirSync(outside).toSorted()).toEqual(['f', 'victim']);
  expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('kept');
});
