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
import { noteUse, tagOf, type OwnName } from './image-use.ts';
import { jsonLines } from './json-lines.ts';
import { LABEL } from './names.ts';

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

/** How RoSE's own image is built, named and kept. */
export interface DevImageOptions {
  /** apps/dev-container, with the built agent in dist/ */
  folder: string;
  /** null: the Dockerfile's default */
  baseImage: string | null;
  /** The first half of its name; the other one is the key. */
  repository: string;
  /** How long it stays when nobody uses it; see noteUse. */
  keepMs: number;
}

/**
 * Finds the image of dev containers by the key of its content, or builds it.
 * @throws RoseError RUNTIME_UNAVAILABLE when the base image cannot be had or the build fails.
 */
export async function ensureDevImage(
  docker: Docker,
  options: DevImageOptions,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<DevImage> {
  const context = await readBuildContext(options.folder);
  const base = baseOf(options, context);
  const key = keyOf(context, await findBaseImage(docker, base, report, signal));
  const name = { repository: options.repository, key };
  const present = await findImage(docker, tagOf(name), signal);
  if (present !== null && (await noteUse(docker, present, name, options.keepMs))) return ownImage(present, key);
  report(`Building the image of dev containers, ${tagOf(name)}, on ${base.name}`);
  await build(docker, context, { ...name, baseImage: base.name }, report, signal);
  const built = await findImage(docker, tagOf(name), signal);
  if (built === null)
    throw new RoseError('RUNTIME_UNAVAILABLE', `The image ${tagOf(name)} was built and is not there.`);
  return ownImage(built, key);
}

/**
 * The key of the image that would be found or built now; null while its base image is not at hand.
 * @throws RoseError RUNTIME_UNAVAILABLE when the agent was not built.
 */
export async function currentKey(
  docker: Docker,
  options: DevImageOptions,
  signal: AbortSignal,
): Promise<string | null> {
  const context = await readBuildContext(options.folder);
  const base = await findImage(docker, baseOf(options, context).name, signal);
  return base && keyOf(context, base.Id);
}

function baseOf({ baseImage }: DevImageOptions, { dockerfile }: BuildContext): { name: string; named: boolean } {
  return { name: baseImage ?? defaultBaseImage(dockerfile), named: baseImage !== null };
}

function keyOf(context: BuildContext, baseId: string): string {
  return createHash('sha256').update(`${context.key}\0${baseId}`).digest('hex').slice(0, 24);
}

function ownImage({ Id, Architecture }: ImageInspectInfo, key: string): DevImage {
  return { id: Id, key, architecture: Architecture, foreign: null };
}

const buildEvent = z.object({ stream: z.string().optional(), error: z.string().optional() });

async function build(
  docker: Docker,
  context: BuildContext,
  image: OwnName & { baseImage: string },
  report: (line: string) => void,
  outer: AbortSignal,
): Promise<void> {
  // The classic builder: its events are readable, and it fetches nothing for itself.
  const options = {
    t: tagOf(image),
    // Not in the Dockerfile: who builds that by hand keeps what he built.
    labels: { [LABEL.image]: image.key },
    buildargs: { BASE_IMAGE: image.baseImage },
    rm: true,
    forcerm: true,
  };
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
