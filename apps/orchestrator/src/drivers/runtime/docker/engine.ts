import type Docker from 'dockerode';
import { RoseError } from '@rose/contract';
import { callEngine } from './calls.ts';
import { findOwnContainer, type OwnContainer } from './own-container.ts';

/** Engine 20.10: the first that knows what containers here need. */
const OLDEST_API = [1, 41] as const;
const DEFAULT_SOCKET = '/var/run/docker.sock';
/** A question that an engine answers from memory, ms. */
const QUICK_MS = 10_000;
const PING_MS = 2000;

export interface Engine {
  docker: Docker;
  /** For people: "Docker Engine 20.10.24". */
  description: string;
  /** Whether unix sockets can be shared with its containers: it runs on this machine, or this process in it. */
  local: boolean;
  /** The container at this engine that this process runs in; null outside of one. */
  own: OwnContainer | null;
  /** Whether uid 1000 of a container is another one on the host: rootless engines, userns-remap. */
  mapsUsers: boolean;
}

/**
 * Connects to an engine; dockerode is loaded only here, since that takes 165 ms.
 * @param dockerHost unix://PATH or tcp://HOST:PORT; null is the engine's usual socket.
 * @throws RoseError RUNTIME_UNAVAILABLE when none answers, or it is too old, or runs no Linux containers.
 */
export async function connectToEngine(dockerHost: string | null): Promise<Engine> {
  const { default: Client } = await import('dockerode');
  const endpoint = parseEndpoint(dockerHost);
  const docker = new Client(endpoint);
  const version = await callEngine('answer', QUICK_MS, () => docker.version());
  const [major = 0, minor = 0] = version.ApiVersion.split('.').map(Number);
  if (major < OLDEST_API[0] || (major === OLDEST_API[0] && minor < OLDEST_API[1])) {
    throw new RoseError(
      'RUNTIME_UNAVAILABLE',
      `The container engine ${version.Version} is too old: RoSE needs Docker Engine 20.10 (API ${OLDEST_API.join('.')}) or newer.`,
    );
  }
  if (version.Os !== 'linux') {
    throw new RoseError('RUNTIME_UNAVAILABLE', `The container engine runs ${version.Os} containers; RoSE needs Linux.`);
  }
  // Docker Desktop runs its engine in a virtual machine, on Linux too.
  const desktop = version.Platform?.Name.includes('Docker Desktop') ?? false;
  const own = await findOwnContainer(docker);
  const local = own !== null || ('socketPath' in endpoint && process.platform === 'linux' && !desktop);
  const { SecurityOptions } = (await callEngine('answer', QUICK_MS, () => docker.info())) as EngineInfo;
  const mapsUsers = (SecurityOptions ?? []).some((option) => /name=(rootless|userns)/.test(option));
  return { docker, description: `Docker Engine ${version.Version}`, local, own, mapsUsers };
}

interface EngineInfo {
  SecurityOptions?: string[] | null;
}

/** Whether an engine answers a ping within two seconds. Never throws. */
export async function engineAnswers(dockerHost: string | null): Promise<boolean> {
  const { default: Client } = await import('dockerode');
  try {
    await callEngine('answer', PING_MS, () => new Client(parseEndpoint(dockerHost)).ping());
    return true;
  } catch {
    return false;
  }
}

type Endpoint = { socketPath: string } | { protocol: 'http'; host: string; port: number };

/** @throws RoseError RUNTIME_UNAVAILABLE naming DOCKER_HOST when it cannot be used. */
export function parseEndpoint(dockerHost: string | null): Endpoint {
  if (dockerHost === null) return { socketPath: DEFAULT_SOCKET };
  if (dockerHost.startsWith('unix://')) return { socketPath: dockerHost.slice('unix://'.length) };
  const url = dockerHost.startsWith('tcp://') ? URL.parse(dockerHost.replace('tcp:', 'http:')) : null;
  if (url === null) {
    throw new RoseError('RUNTIME_UNAVAILABLE', 'DOCKER_HOST must be unix://PATH or tcp://HOST:PORT.');
  }
  return { protocol: 'http', host: url.hostname, port: Number(url.port || '2375') };
}
