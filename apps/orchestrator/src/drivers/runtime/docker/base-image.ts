import type Docker from 'dockerode';
import { RoseError } from '@rose/contract';
import { findOrPull, NoSuchImage } from './find-image.ts';

/**
 * The id of the base image; pulls it when this engine does not have it.
 * @param named whether the installation named it (ROSE_BASE_IMAGE) or it is the default
 * @throws RoseError RUNTIME_UNAVAILABLE, saying what to do, when it cannot be had.
 */
export async function findBaseImage(
  docker: Docker,
  image: { name: string; named: boolean },
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  try {
    return (await findOrPull(docker, image.name, report, signal)).Id;
  } catch (error) {
    if (!(error instanceof NoSuchImage)) throw error;
    const which = image.named ? `The base image "${image.name}" (ROSE_BASE_IMAGE)` : `The base image "${image.name}"`;
    throw new RoseError(
      'RUNTIME_UNAVAILABLE',
      `${which} is not on this machine and cannot be pulled. ` +
        'Set ROSE_BASE_IMAGE to an image that can be had, or make one with "npm run base-image".',
      {},
      { cause: error },
    );
  }
}
