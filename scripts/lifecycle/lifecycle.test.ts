import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { baseImage } from './setting.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../lifecycle-test.ts');

/** A sentence says why there is none. */
async function noEngine(): Promise<string | null> {
  return await baseImage(process.env).then(
    () => null,
    (error: unknown) => String(error),
  );
}

test.for(['process', 'docker'])(
  'a kill in the middle of a deed leaves no orphan, no wrong state and no work lost, with %s',
  { timeout: 600_000 },
  async (runtime, { skip }) => {
    const reason = runtime === 'docker' ? await noEngine() : null;
    if (reason !== null) skip(reason);
    const env = { ...process.env, ROSE_RUNTIME: runtime };
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT], { env });
    expect(stdout).toMatch(/^\w+: 8 kills .* no orphan, every state true, no work lost/);
  },
);
