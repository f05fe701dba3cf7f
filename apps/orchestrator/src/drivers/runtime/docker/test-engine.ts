import { readConfig } from '../../../config.ts';
import type { Runtime } from '../runtime.ts';
import { connectToEngine } from './engine.ts';
import { createDockerRuntime, dockerAnswers, type CreateDockerRuntimeOptions } from './index.ts';

/** What tests of Docker need of this machine; for tests only. */
export interface TestEngine {
  dockerHost: string | null;
  baseImage: string;
}

/**
 * The engine that answers here, with a base image it has: ROSE_BASE_IMAGE, else what
 * `npm run base-image` made. A sentence says why there is none.
 */
export async function findTestEngine(): Promise<TestEngine | string> {
  const { dockerHost, baseImage } = readConfig();
  if (!(await dockerAnswers({ dockerHost }))) return 'no container engine answers';
  if (baseImage !== null) return { dockerHost, baseImage };
  const { docker } = await connectToEngine(dockerHost);
  const images = await docker.listImages({ filters: { reference: ['rose-base'] } });
  const newest = images.toSorted((a, b) => b.Created - a.Created)[0]?.RepoTags?.[0];
  return newest === undefined
    ? 'no base image: set ROSE_BASE_IMAGE or run npm run base-image'
    : { dockerHost, baseImage: newest };
}

/** A runtime at that engine, with the defaults that tests mostly want. */
export function testRuntime(
  engine: TestEngine,
  options: Pick<CreateDockerRuntimeOptions, 'dataDir' | 'installation' | 'imageFolder'> &
    Partial<CreateDockerRuntimeOptions>,
): Promise<Runtime> {
  return createDockerRuntime({ extraCaFile: null, containerRuntime: null, ...engine, ...options });
}
