import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = (name: string): string => path.resolve(import.meta.dirname, `../${name}`);
const run = promisify(execFile);

test('saves, deletions and collections at the same time lose no object', async () => {
  const { stdout } = await run(process.execPath, [script('gc-test.ts'), '10']);
  expect(stdout).toMatch(/^10 rounds: .* none lost; \d+ versions load exactly/);
}, 600_000);

test('every flipped bit is found by verify, and exactly the loads that need it refuse', async () => {
  const { stdout } = await run(process.execPath, [script('flip-test.ts'), '20']);
  expect(stdout).toMatch(/^20 of 20 flipped bits found by verify; \d+ loads that need them refuse/);
}, 600_000);
