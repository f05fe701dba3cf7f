import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const SCRIPT = path.resolve(import.meta.dirname, '../engine-test.ts');
const run = promisify(execFile);

/** A sentence says why no engine of one's own can be started here. */
async function noEngine(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'only root starts an engine';
  for (const needed of [
    ['dockerd', '--version'],
    ['unshare', '--net', 'true'],
  ]) {
    const [program = '', ...argv] = needed;
    const isThere = await run(program, argv).then(
      () => true,
      () => false,
    );
    if (!isThere) return `"${needed.join(' ')}" does not work here`;
  }
  return null;
}

test('an engine that is killed under running projects and a save leaves no orphan, no wrong state and no work lost', async ({
  skip,
}) => {
  const reason = await noEngine();
  if (reason !== null) return skip(reason);
  const { stdout } = await run(process.execPath, [SCRIPT, '2']);
  expect(stdout).toMatch(/^2 kills of the engine: .* no orphan, every state true, no work lost/);
}, 1_200_000);
