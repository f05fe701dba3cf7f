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

/** Removes what an installation has at its engine: one that ends keeps its volumes, and what it could not end in time. */
export async function removeAll(house: Pick<House, 'environment'>, installation: string): Promise<void> {
  const ours = ['-q', '--filter', `label=rose.installation=${installation}`];
  const list = async (argv: string[]): Promise<string[]> =>
    (await docker(house, [...argv, ...ours])).split('\n').filter((line) => line !== '');
  const containers = await list(['ps', '-a']);
  if (containers.length > 0) await docker(house, ['rm', '-f', ...containers]);
  const volumes = await list(['volume', 'ls']);
  if (volumes.length > 0) await docker(house, ['volume', 'rm', ...volumes]);
}
