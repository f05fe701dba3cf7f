import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { House } from '../kill/house.ts';

const run = promisify(execFile);

/** The engine's own command line client, at the engine of a house. */
export async function docker({ environment }: Pick<House, 'environment'>, argv: string[]): Promise<string> {
  const env = { ...process.env, ...environment };
  const { stdout } = await run('docker', argv, { env, timeout: 60_000, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
