import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const SCRIPT = path.resolve(import.meta.dirname, '../kill-test.ts');

test('saves and loads that are killed at random moments leave the old or the new, and nothing behind', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, '6']);
  expect(stdout).toMatch(/^6 saves killed: .* load exactly/);
}, 600_000);
