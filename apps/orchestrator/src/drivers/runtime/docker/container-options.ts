import type { ContainerCreateOptions } from 'dockerode';
import path from 'node:path';
import { commandVariables } from '../command-variables.ts';
import type { ContainerSpec } from '../runtime.ts';
import type { SocketFolders } from '../socket-folders.ts';
import { AGENT_COMMAND, AGENT_FOLDER } from './agent-volume.ts';
import type { ForeignParts } from './foreign-image.ts';
import type { DevImage } from './image.ts';
import { LABEL, type Names } from './names.ts';

export const HOME = '/home/dev';
const CA_FILE = '/etc/rose/ca.pem';
const MIB = 1024 * 1024;
/** Below this npm hangs for ever instead of failing. */
const LEAST_PIDS = 256;

export interface ContainerParts {
  names: Names;
  /** By its id, not a tag: what runs is what was found. */
  image: DevImage;
  /** Host paths. */
  folders: Pick<SocketFolders, 'in' | 'out'>;
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
  const { names, caBundle, image } = parts;
  const { foreign } = image;
  const variables = environment(spec, parts);
  const memory = spec.limits.memoryMiB * MIB;
  return {
    name: names.container(spec.projectId),
    Image: image.id,
    ...(foreign === null ? {} : STARTED_FROM_VOLUME),
    Hostname: 'dev',
    User: '1000:1000',
    Env: [
      // Without a value: the image's own is taken away.
      ...Object.keys(foreign?.hidden ?? {}).filter((name) => !(name in variables)),
      ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    ],
    Labels: names.labels({
      [LABEL.project]: String(spec.projectId),
      [LABEL.volume]: spec.volume,
      [LABEL.agentBuild]: image.key,
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
      Tmpfs: Object.fromEntries(
        // What a foreign image declares as a volume would otherwise be a disk without a limit.
        ['/tmp', ...(foreign?.volumes ?? [])].map((folder) => [
          folder,
          `rw,exec,nosuid,nodev,mode=1777,size=${Math.floor(memory / 2)}`,
        ]),
      ),
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
      Mounts: [
        { Type: 'volume', Source: names.volume(spec.volume), Target: HOME },
        { Type: 'bind', Source: parts.folders.in, Target: '/run/rose/in', ReadOnly: true },
        { Type: 'bind', Source: parts.folders.out, Target: '/run/rose/out' },
        ...(caBundle === null ? [] : [readOnlyFile(caBundle, CA_FILE)]),
        ...(foreign === null ? [] : foreignMounts(foreign, parts.folders.in)),
      ],
    },
  };
}

/** What RoSE needs goes last: a project's own settings cannot take its place. */
function environment(spec: ContainerSpec, parts: ContainerParts): Record<string, string> {
  return {
    ...(parts.caBundle === null ? {} : CA_VARIABLES),
    ...(parts.image.foreign === null ? {} : { PATH: `${HOME}/.local/bin:${parts.image.foreign.path}` }),
    ...commandVariables({ ...parts.image.foreign?.hidden, ...spec.environment }),
    HOME,
    ROSE_HOME: HOME,
    ROSE_AGENT_SOCKET: '/run/rose/out/agent.sock',
    ROSE_EGRESS_SOCKET: '/run/rose/in/egress.sock',
    ROSE_AGENT_SECRET: spec.secret,
    ROSE_AGENT_BUILD: parts.image.key,
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

/** The names, in a container's `in` folder, of the files that say who its users are. */
export const USER_FILES = { passwd: '/etc/passwd', group: '/etc/group' } as const;

/** An image's own ways to start, to end and to tell its health are for another program. */
const STARTED_FROM_VOLUME = {
  Entrypoint: AGENT_COMMAND,
  Cmd: [],
  WorkingDir: HOME,
  StopSignal: 'SIGTERM',
  Healthcheck: { Test: ['NONE'] },
};

function foreignMounts(foreign: ForeignParts, inFolder: string) {
  return [
    { Type: 'volume' as const, Source: foreign.agentVolume, Target: AGENT_FOLDER, ReadOnly: true },
    ...Object.entries(USER_FILES).map(([name, target]) => readOnlyFile(path.join(inFolder, name), target)),
  ];
}
