import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { RoseError } from '@rose/contract';
import { bundleCertificates } from '../process/parts.ts';
import type { Runtime } from '../runtime.ts';
import { DockerRuntime, type DockerRuntimeOptions } from './docker-runtime.ts';
import { connectToEngine, engineAnswers } from './engine.ts';
import { hostPathOf } from './own-container.ts';

export interface CreateDockerRuntimeOptions extends Omit<DockerRuntimeOptions, 'caBundle'> {
  /** unix://PATH or tcp://HOST:PORT; null is the engine's usual socket. */
  dockerHost: string | null;
  /** CA certificates that containers must trust too. */
  extraCaFile: string | null;
}

/**
 * Runs dev containers at a Docker engine.
 * @throws RoseError RUNTIME_UNAVAILABLE when no engine answers, or none that can be used.
 */
export async function createDockerRuntime(options: CreateDockerRuntimeOptions): Promise<Runtime> {
  const engine = await connectToEngine(options.dockerHost);
  if (!engine.local) {
    throw new RoseError(
      'RUNTIME_UNAVAILABLE',
      'The container engine runs on another machine or in a virtual machine, where it cannot share unix sockets with RoSE. ' +
        'Use an engine on this machine, or ROSE_RUNTIME=process.',
    );
  }
  // Said now, not when the first container is made.
  if (engine.own !== null) hostPathOf(engine.own, path.join(options.dataDir, 'run'));
  const runtime = new DockerRuntime(engine, { ...options, caBundle: await caBundle(options) });
  await runtime.sweep();
  return runtime;
}

async function caBundle({ extraCaFile, dataDir }: CreateDockerRuntimeOptions): Promise<string | null> {
  if (extraCaFile === null) return null;
  const folder = path.join(dataDir, 'docker');
  await mkdir(folder, { recursive: true });
  return bundleCertificates(extraCaFile, folder).catch((error: unknown) => {
    const message = 'The file of CA certificates (NODE_EXTRA_CA_CERTS) cannot be read.';
    throw new RoseError('RUNTIME_UNAVAILABLE', message, {}, { cause: error });
  });
}

/** Whether an engine answers at all; what `auto` decides by. Never throws. */
export function dockerAnswers(config: { dockerHost: string | null }): Promise<boolean> {
  return engineAnswers(config.dockerHost);
}
