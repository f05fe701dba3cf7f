import type Docker from 'dockerode';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { RoseError } from '@rose/contract';
import { callEngine, statusOf } from './calls.ts';
import { jsonLines } from './json-lines.ts';

const INSPECT_MS = 30_000;
/** A registry may be slow; one that sends nothing is given up by the engine itself. */
const PULL_MS = 30 * 60_000;

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
  const present = await imageId(docker, image.name, signal);
  if (present !== null) return present;
  report(`Pulling the base image ${image.name}`);
  let cause: unknown;
  try {
    await pull(docker, image.name, report, signal);
    const pulled = await imageId(docker, image.name, signal);
    if (pulled !== null) return pulled;
  } catch (error) {
    // An engine that is gone, or a caller who gave up, is not the image's fault.
    if (error instanceof RoseError && error.code !== 'CONTAINER_FAILED') throw error;
    cause = error;
  }
  const which = image.named ? `The base image "${image.name}" (ROSE_BASE_IMAGE)` : `The base image "${image.name}"`;
  throw new RoseError(
    'RUNTIME_UNAVAILABLE',
    `${which} is not on this machine and cannot be pulled. ` +
      'Set ROSE_BASE_IMAGE to an image that can be had, or make one with "npm run base-image".',
    {},
    { cause },
  );
}

/** null when the engine has no image of this name. */
export async function imageId(docker: Docker, name: string, signal: AbortSignal): Promise<string | null> {
  try {
    return (await callEngine('look for an image', INSPECT_MS, () => docker.getImage(name).inspect(), signal)).Id;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

const pullEvent = z.object({ status: z.string().optional(), id: z.string().optional(), error: z.string().optional() });

async function pull(docker: Docker, name: string, report: (line: string) => void, outer: AbortSignal): Promise<void> {
  // Without a tag an engine would pull every one there is.
  const reference = /[:@][^/]*$/.test(name) ? name : `${name}:latest`;
  await callEngine(
    'pull the base image',
    PULL_MS,
    async (abortSignal) => {
      const stream = (await docker.pull(reference, { abortSignal })) as unknown as Readable;
      let last = '';
      for await (const value of jsonLines(stream)) {
        const event = pullEvent.parse(value);
        if (event.error !== undefined) throw new Error(event.error);
        const line = [event.id, event.status].filter(Boolean).join(': ');
        if (line !== '' && line !== last) report(line);
        last = line;
      }
    },
    outer,
  );
}
