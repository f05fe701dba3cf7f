import path from 'node:path';
import { commandVariables } from '../command-variables.ts';
import type { ContainerSpec } from '../runtime.ts';
import type { SocketFolders } from '../socket-folders.ts';
import type { Parts } from './parts.ts';
import { INSIDE_PATHS } from './tree.ts';
import type { Way } from './ways.ts';

/** sockaddr_un holds 108 bytes, one of them the NUL at the end. */
const SUN_PATH_BYTES = 107;

/** A shell keeps these for itself: setting them would end it before it becomes the agent. */
const SHELLS_OWN = /^(PPID|UID|EUID|GROUPS|OPTIND|OPTARG|LINENO|IFS|SHELLOPTS|BASH.*|_)$/;

/** With it processes are found that have left their parents, where no sandbox holds them together. */
export const MARK = 'DEV_CONTAINER_ID';

/** What an agent is told of its container; with no sandbox these are paths of the host. */
export function containerEnvironment(options: {
  way: Way;
  id: string;
  spec: ContainerSpec;
  agentBuild: string;
  volume: string;
  folders: SocketFolders;
  parts: Parts;
  upstreamProxy: string | null;
}): Record<string, string> {
  const { spec, parts, way } = options;
  const isolated = way !== 'none';
  const home = isolated ? INSIDE_PATHS.home : options.volume;
  const node = isolated ? INSIDE_PATHS.node : parts.node;
  const caBundle = parts.caBundle && (isolated ? INSIDE_PATHS.caBundle : parts.caBundle);
  return {
    PATH: [path.join(home, '.local/bin'), path.dirname(node), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    // Else each thread of the agent keeps freed memory in an arena of its own.
    MALLOC_ARENA_MAX: '2',
    LANG: 'C.UTF-8',
    SHELL: '/bin/bash',
    USER: 'dev',
    LOGNAME: 'dev',
    // The root is read-only: what npm and pip install "globally" goes into the home.
    NPM_CONFIG_PREFIX: path.join(home, '.local'),
    NPM_CONFIG_UPDATE_NOTIFIER: 'false',
    PIP_BREAK_SYSTEM_PACKAGES: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    ...(caBundle ? certificates(caBundle) : {}),
    ...(isolated || options.upstreamProxy === null ? {} : proxies(options.upstreamProxy)),
    ...commandVariables(spec.environment),
    HOME: home,
    ROSE_HOME: home,
    ...(isolated ? insideSockets() : { ROSE_AGENT_SOCKET: socketPath(options.folders), [MARK]: options.id }),
    ROSE_AGENT_SECRET: spec.secret,
    ROSE_AGENT_BUILD: options.agentBuild,
  };
}

/** As a script for the shell that becomes the agent: never an argument, which all users could read. */
export function asShellScript(environment: Record<string, string>): string {
  return Object.entries(environment)
    .filter(([name]) => /^[A-Za-z_]\w*$/.test(name) && !SHELLS_OWN.test(name))
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`)
    .join('');
}

function insideSockets(): Record<string, string> {
  return {
    ROSE_AGENT_SOCKET: `${INSIDE_PATHS.out}/agent.sock`,
    ROSE_EGRESS_SOCKET: `${INSIDE_PATHS.in}/egress.sock`,
  };
}

/** No egress proxy: without a sandbox the network is the host's. A long path goes through start.sh's descriptor 9. */
function socketPath(folders: SocketFolders): string {
  return Buffer.byteLength(folders.agentSocket) > SUN_PATH_BYTES ? '/proc/self/fd/9/agent.sock' : folders.agentSocket;
}

/** Every tool has its own word for the same thing. */
function certificates(bundle: string): Record<string, string> {
  const names = [
    'NODE_EXTRA_CA_CERTS',
    'SSL_CERT_FILE',
    'GIT_SSL_CAINFO',
    'REQUESTS_CA_BUNDLE',
    'CURL_CA_BUNDLE',
    'PIP_CERT',
  ];
  return Object.fromEntries(names.map((name) => [name, bundle]));
}

function proxies(url: string): Record<string, string> {
  return { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: 'localhost,127.0.0.1,::1', NODE_USE_ENV_PROXY: '1' };
}
