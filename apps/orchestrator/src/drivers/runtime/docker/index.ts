import { RoseError } from '@rose/contract';
import type { Runtime } from '../runtime.ts';
import { DockerRuntime, type DockerRuntimeOptions } from './docker-runtime.ts';
import { connectToEngine, engineAnswers } from './engine.ts';

export type { DockerRuntimeOptions } from './docker-runtime.ts';

/**
 * Runs dev containers at a Docker engine.
 * @param options.dockerHost unix://PATH or tcp://HOST:PORT; null is the engine's usual socket
 * @throws RoseError RUNTIME_UNAVAILABLE when no engine answers, or none that can be used.
 */
export async function createDockerRuntime(
  options: DockerRuntimeOptions & { dockerHost: string | null },
): Promise<Runtime> {
  const engine = await connectToEngine(options.dockerHost);
  if (!engine.local) {
    throw new RoseError(
      'RUNTIME_UNAVAILABLE',
      'The container engine runs on another machine or in a virtual machine, where it cannot share unix sockets with RoSE. ' +
        'Use an engine on this machine, or ROSE_RUNTIME=process.',
    );
  }
  return new DockerRuntime(engine, options);
}

/** Whether an engine answers at all; what `auto` decides by. Never throws. */
export function dockerAnswers(config: { dockerHost: string | null }): Promise<boolean> {
  return engineAnswers(config.dockerHost);
}
