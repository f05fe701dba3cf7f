import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { HouseOptions } from '../kill/house.ts';

/** A house with the runtime that ROSE_RUNTIME names; with docker at the engine that answers. */
export async function houseOptions(): Promise<HouseOptions> {
  if (process.env['ROSE_RUNTIME'] !== 'docker') return { runtime: 'process' };
  return { runtime: 'docker', environment: { ROSE_BASE_IMAGE: await baseImage(process.env) } };
}

/** ROSE_BASE_IMAGE, else the newest that `npm run base-image` made. @throws Error when there is none */
export async function baseImage(env: NodeJS.ProcessEnv): Promise<string> {
  const given = env['ROSE_BASE_IMAGE'];
  if (given !== undefined && given !== '') return given;
  const argv = ['images', '--format', '{{.Repository}}:{{.Tag}}', 'rose-base'];
  const { stdout } = await promisify(execFile)('docker', argv, { env });
  const newest = stdout.split('\n')[0] ?? '';
  if (newest === '') throw new Error('There is no base image: set ROSE_BASE_IMAGE or run npm run base-image.');
  return newest;
}
