import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import type { Runtime } from './runtime.ts';

export type { ContainerInfo, ContainerSpec, Isolation, Runtime } from './runtime.ts';

const AGENT_FOLDER = path.resolve(import.meta.dirname, '../../../../dev-container');

/**
 * The runtime that the configuration asks for; `auto` takes Docker if an engine answers. Each is
 * loaded only when it is used.
 * @throws RoseError RUNTIME_UNAVAILABLE
 */
export async function chooseRuntime(config: Config, installation: string, log: Logger): Promise<Runtime> {
  const { dataDir, host, baseImage, extraCaFile, upstreamProxy, dockerHost } = config;
  if (await takesDocker(config)) {
    const { createDockerRuntime } = await import('./docker/index.ts');
    log.info({ runtime: 'docker' }, 'Dev containers run at a Docker engine.');
    return await createDockerRuntime({
      installation,
      dataDir,
      imageFolder: AGENT_FOLDER,
      baseImage,
      extraCaFile,
      containerRuntime: config.containerRuntime,
      dockerHost,
    });
  }
  const { createProcessRuntime } = await import('./process/index.ts');
  const agentDir = path.join(AGENT_FOLDER, 'dist');
  const runtime = await createProcessRuntime({ installation, dataDir, agentDir, host, extraCaFile, upstreamProxy });
  log.info({ runtime: 'process', isolation: runtime.isolation }, 'Dev containers are processes of this machine.');
  return runtime;
}

async function takesDocker(config: Config): Promise<boolean> {
  if (config.runtime !== 'auto') return config.runtime === 'docker';
  const { dockerAnswers } = await import('./docker/index.ts');
  return await dockerAnswers(config);
}
