import { RoseError } from '@rose/contract';

/**
 * Does a deed on this machine and translates what the system says against it.
 * @throws RoseError NO_SPACE, else CONTAINER_FAILED with the cause for the log.
 */
export async function translating<T>(deed: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RoseError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      const message = `There is no space left on the disk to ${deed} a dev container. Free some and try again.`;
      throw new RoseError('NO_SPACE', message, { needed: 0, available: 0 }, { cause: error });
    }
    throw new RoseError(
      'CONTAINER_FAILED',
      `The system did not let RoSE ${deed} a dev container.`,
      {},
      { cause: error },
    );
  }
}

export function noImages(image: string): RoseError<'CONTAINER_FAILED'> {
  const message =
    `This project names the image "${image}", but here dev containers are processes of this machine, without images. ` +
    'Take the setting "image" back, or use ROSE_RUNTIME=docker.';
  return new RoseError('CONTAINER_FAILED', message);
}
