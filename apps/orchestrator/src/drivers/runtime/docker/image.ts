import { createHash } from 'node:crypto';
import type Docker from 'dockerode';
import type { ImageInspectInfo } from 'dockerode';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { RoseError } from '@rose/contract';
import { findBaseImage } from './base-image.ts';
import { defaultBaseImage, readBuildContext, type BuildContext } from './build-context.ts';
import { callEngine } from './calls.ts';
import { findImage } from './find-image.ts';
import type { ForeignParts } from './foreign-image.ts';
import { jsonLines } from './json-lines.ts';

/** With packages to fetch over a slow line. */
const BUILD_MS = 30 * 60_000;

export interface DevImage {
  id: string;
  /** Key of what the agent comes from: Dockerfile, agent, base image. */
  key: string;
  /** As engines call it: amd64, arm64. */
  architecture: string;
  /** null for RoSE's own image, which has everything in it. */
  foreign: ForeignParts | null;
}

/**
 * Finds the image of dev containers by the key of its content, or builds it.
 * @param folder apps/dev-container, with the built agent in dist/
 * @param baseImage null: the Dockerfile's default
 * @throws RoseError RUNTIME_UNAVAILABLE when the base image cannot be had or the build fails.
 */
export async function ensureDevImage(
  docker: Docker,
  options: { folder: string; baseImage: string | null },
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<DevImage> {
  const context = await readBuildContext(options.folder);
  const base = { name: options.baseImage ?? defaultBaseImage(context.dockerfile), named: options.baseImage !== null };
  const baseId = await findBaseImage(docker, base, report, signal);
  const key = createHash('sha256').update(`${context.key}\0${baseId}`).digest('hex').slice(0, 24);
  const tag = `rose-dev:${key}`;
  const present = await findImage(docker, tag, signal);
  if (present !== null) return ownImage(present, key);
  report(`Building the image of dev containers, ${tag}, on ${base.name}`);
  await build(docker, context, { tag, baseImage: base.name }, report, signal);
  const built = await findImage(docker, tag, signal);
  if (built === null) throw new RoseError('RUNTIME_UNAVAILABLE', `The image ${tag} was built and is not there.`);
  return ownImage(built, key);
}

function ownImage({ Id, Architecture }: ImageInspectInfo, key: string): DevImage {
  return { id: Id, key, architecture: Architecture, foreign: null };
}

const buildEvent = z.object({ stream: z.string().optional(), error: z.string().optional() });

async function build(
  docker: Docker,
  context: BuildContext,
  image: { tag: string; baseImage: string },
  report: (line: string) => void,
  outer: AbortSignal,
): Promise<void> {
  // The classic builder: its events are readable, and it fetches nothing for itself.
  const options = { t: image.tag, buildargs: { BASE_IMAGE: image.baseImage }, rm: true, forcerm: true };
  await callEngine(
    'build the image of dev containers',
    BUILD_MS,
    async (abortSignal) => {
      const stream = (await docker.buildImage(context.tar(), { ...options, abortSignal })) as Readable;
      for await (const value of jsonLines(stream)) {
        const event = buildEvent.parse(value);
        // The only sign of a failed build: the request itself has succeeded.
        if (event.error !== undefined) throw buildFailed(event.error);
        for (const line of (event.stream ?? '').split('\n')) if (line.trim() !== '') report(line);
      }
    },
    outer,
  );
}

function buildFailed(reason: string): RoseError {
  const message = `The image of dev containers could not be built: ${reason.slice(0, 1000)}`;
  return new RoseError('RUNTIME_UNAVAILABLE', message);
}
