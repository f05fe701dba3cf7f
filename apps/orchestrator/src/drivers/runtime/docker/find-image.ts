import type Docker from 'dockerode';
import type { ImageInspectInfo } from 'dockerode';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { RoseError } from '@rose/contract';
import { callEngine, statusOf } from './calls.ts';
import { jsonLines } from './json-lines.ts';

const INSPECT_MS = 30_000;
/** A registry may be slow; one that sends nothing is given up by the engine itself. */
const PULL_MS = 30 * 60_000;

/** Why an image cannot be had, in the words of the engine or the registry. */
export class NoSuchImage extends Error {
  override readonly name = 'NoSuchImage';
}

/**
 * An image by its name; pulls it when this engine does not have it.
 * @throws NoSuchImage when it cannot be had; RoseError when the engine is gone or `signal` aborted.
 */
export async function findOrPull(
  docker: Docker,
  name: string,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<ImageInspectInfo> {
  const present = await findImage(docker, name, signal);
  if (present !== null) return present;
  report(`Pulling the image ${name}`);
  try {
    await pull(docker, name, report, signal);
  } catch (error) {
    // An engine that is gone, or a caller who gave up, is not the image's fault.
    if (error instanceof RoseError && error.code !== 'CONTAINER_FAILED') throw error;
    const reason = error instanceof RoseError ? error.cause : error;
    throw new NoSuchImage(reason instanceof Error ? reason.message : String(reason), { cause: error });
  }
  const pulled = await findImage(docker, name, signal);
  if (pulled === null) throw new NoSuchImage('It was pulled and is not there.');
  return pulled;
}

/** null when the engine has no image of this name. */
export async function findImage(docker: Docker, name: string, signal: AbortSignal): Promise<ImageInspectInfo | null> {
  try {
    return await callEngine('look for an image', INSPECT_MS, () => docker.getImage(name).inspect(), signal);
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
    'pull an image',
    PULL_MS,
    async (abortSignal) => {
      const stream = (await docker.pull(reference, { abortSignal })) as unknown as Readable;
      let last = '';
      for await (const value of jsonLines(stream)) {
        const event = pullEvent.parse(value);
        // The only sign of a failed pull: the request itself has succeeded.
        if (event.error !== undefined) throw new NoSuchImage(event.error);
        const line = [event.id, event.status].filter(Boolean).join(': ');
        if (line !== '' && line !== last) report(line);
        last = line;
      }
    },
    outer,
  );
}
