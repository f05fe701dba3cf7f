import type { ContainerCreateOptions } from 'dockerode';
import type { ContainerSpec } from '../runtime.ts';
import type { SocketFolders } from '../socket-folders.ts';
import { LABEL, type Names } from './names.ts';

const HOME = '/home/dev';
const CA_FILE = '/etc/rose/ca.pem';
const MIB = 1024 * 1024;
/** Below this npm hangs for ever instead of failing. */
const LEAST_PIDS = 256;

export interface ContainerParts {
  names: Names;
  /** Id, not a tag: what runs is what was built. */
  imageId: string;
  agentBuild: string;
  folders: SocketFolders;
  /** Host path of the CA certificates that the container trusts; null is the image's own. */
  caBundle: string | null;
  /** An engine runtime such as runsc, sysbox-runc or kata; null is the engine's default. */
  containerRuntime: string | null;
}

/**
 * The one description of a dev container's rights: no network, no capability, no other host path than
 * the two socket folders, a read-only root, bounds on all that can be used up.
 */
export function containerOptions(spec: ContainerSpec, parts: ContainerParts): ContainerCreateOptions {
  const { names, caBundle } = parts;
  const memory = spec.limits.memoryMiB * MIB;
  return {
    name: names.container(spec.projectId),
    Image: parts.imageId,
    Hostname: 'dev',
    User: '1000:1000',
    Env: Object.entries(environment(spec, parts)).map(([name, value]) => `${name}=${value}`),
    Labels: names.labels({
      [LABEL.project]: String(spec.projectId),
      [LABEL.volume]: spec.volume,
      [LABEL.agentBuild]: parts.agentBuild,
    }),
    HostConfig: {
      ...(parts.containerRuntime === null ? {} : { Runtime: parts.containerRuntime }),
      Init: true,
      NetworkMode: 'none',
      IpcMode: 'private',
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      RestartPolicy: { Name: 'no' },
      PidsLimit: Math.max(LEAST_PIDS, spec.limits.pids),
      Memory: memory,
      // Equal: no swap beside the memory.
      MemorySwap: memory,
      NanoCpus: Math.round(spec.limits.cpus * 1e9),
      // The kernel takes a container before it takes the orchestrator.
      OomScoreAdj: 500,
      // An engine cannot give more open files than it has itself.
      Ulimits: [
        { Name: 'nofile', Soft: 8192, Hard: 8192 },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      // Its pages count as the container's memory. Docker's default would be noexec.
      Tmpfs: { '/tmp': `rw,exec,nosuid,nodev,mode=1777,size=${Math.floor(memory / 2)}` },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
      Mounts: [
        { Type: 'volume', Source: names.volume(spec.volume), Target: HOME },
        { Type: 'bind', Source: parts.folders.in, Target: '/run/rose/in', ReadOnly: true },
        { Type: 'bind', Source: parts.folders.out, Target: '/run/rose/out' },
        ...(caBundle === null ? [] : [readOnlyFile(caBundle, CA_FILE)]),
      ],
    },
  };
}

/** What RoSE needs goes last: a project's own settings cannot take its place. */
function environment(spec: ContainerSpec, parts: ContainerParts): Record<string, string> {
  return {
    ...(parts.caBundle === null ? {} : CA_VARIABLES),
    ...spec.environment,
    HOME,
    ROSE_HOME: HOME,
    ROSE_AGENT_SOCKET: '/run/rose/out/agent.sock',
    ROSE_EGRESS_SOCKET: '/run/rose/in/egress.sock',
    ROSE_AGENT_SECRET: spec.secret,
    ROSE_AGENT_BUILD: parts.agentBuild,
    NODE_COMPILE_CACHE: '/opt/rose/cache',
  };
}

/** Every tool has its own word for the same thing. */
const CA_VARIABLES = Object.fromEntries(
  ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'GIT_SSL_CAINFO', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'PIP_CERT'].map(
    (name) => [name, CA_FILE],
  ),
);

function readOnlyFile(source: string, target: string) {
  return { Type: 'bind' as const, Source: source, Target: target, ReadOnly: true };
}
