import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { RoseError } from '@rose/contract/errors';
import { localPath } from './names.ts';

/** An open directory of this machine. */
export interface OpenDirectory extends Disposable {
  readonly fd: number;
}

export async function openDirectory(name: string): Promise<OpenDirectory> {
  const fd = openSync(await localPath(name), constants.O_RDONLY | constants.O_DIRECTORY);
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

/**
 * Makes a directory, with its parents, or takes an empty one.
 * @returns whether it was made
 * @throws RoseError CONFLICT when it holds something, unless `force`
 */
export async function makeDirectory(name: string, { force }: { force: boolean }): Promise<boolean> {
  const path = await localPath(name);
  const isNew = (await mkdir(path, { recursive: true })) !== undefined;
  if (!isNew && !force && (await readdir(path, { encoding: 'buffer' })).length > 0) {
    throw new RoseError('CONFLICT', `${name} is not empty; with --force files in it are overwritten.`);
  }
  return isNew;
}
