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

/** Removes the volumes of an installation that has ended. */
export async function removeVolumes(house: Pick<House, 'environment'>, installation: string): Promise<void> {
  const filter = `label=rose.installation=${installation}`;
  const names = (await docker(house, ['volume', 'ls', '-q', '--filter', filter])).split('\n').filter(Boolean);
  if (names.length > 0) await docker(house, ['volume', 'rm', ...names]);
}
