import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const MAIN = path.resolve(import.meta.dirname, '../../apps/cli/src/main.ts');
const DEADLINE_MS = 10 * 60_000;

/**
 * The `rose` program with this environment beside our own.
 * @returns a function that runs one command line and returns what it printed; it throws on any exit code but 0
 */
export function roseProgram(env: Record<string, string>): (...argv: string[]) => Promise<string> {
  const run = promisify(execFile);
  return async (...argv) => {
    const options = { env: { ...process.env, ...env }, timeout: DEADLINE_MS };
    const { stdout } = await run(process.execPath, [MAIN, ...argv], options);
    return stdout;
  };
}
