import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { becoming, COUNTS, ownerOf, startedByRoot } from './owners.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'rose-counting-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.skipIf(!startedByRoot)(
  'what cannot be counted, however much, hides nothing of what can (as root)',
  { timeout: 60_000 },
  async () => {
    // Closed to whoever counts: the same complaint as about what vanishes meanwhile.
    const close = `import os; os.umask(0o077)
for n in range(20000): os.mkdir('a rather long name, so that complaints about it are long too, ' + str(n))`;
    execFileSync('sh', ['-c', 'chmod 755 .; head -c 3000000 /dev/zero > kept'], { cwd: directory });
    execFileSync('python3', ['-c', close], { cwd: directory });
    const [command, ...rest] = [...becoming(ownerOf(1, true)), 'sh', '-c', COUNTS[0]!];
    const count = promisify(execFile)(command, rest, { cwd: directory });
    // It ends with 1: something was not counted.
    const { stdout, stderr } = await count.catch((error: unknown) => error as { stdout: string; stderr: string });
    expect(stderr).toBe('');
    expect(Number.parseInt(stdout, 10)).toBeGreaterThan(2_900_000);
  },
);
