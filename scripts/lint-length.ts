import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './lib/build.ts';

/** Part of `npm run lint`: no source file is longer than one can hold in mind. Generated files are not in git. */
const MAX_LINES = 300;

const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.ts', '*.svelte'], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
for (const name of listed.stdout.split('\0').filter(Boolean)) {
  const file = path.join(ROOT, name);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
  if (lines <= MAX_LINES) continue;
  console.error(`${name} has ${lines} lines. Split it: ${MAX_LINES} are the most.`);
  process.exitCode = 1;
}
