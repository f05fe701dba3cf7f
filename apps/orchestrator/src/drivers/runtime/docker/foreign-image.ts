import type Docker from 'dockerode';
import type { ImageInspectInfo } from 'dockerode';
import path from 'node:path';
import { RoseError } from '@rose/contract';
import { AGENT_FOLDER, ensureAgentVolume } from './agent-volume.ts';
import { findOrPull, NoSuchImage } from './find-image.ts';
import type { DevImage } from './image.ts';
import { usersOf, type Users } from './users.ts';

const MAX_REASON = 300;

/** An image that knows nothing of RoSE: what a container of it needs beside it. */
export interface ForeignParts {
  /** The engine's name of the volume with the agent and its Node, mounted read-only at /opt/rose. */
  agentVolume: string;
  /** The image's own PATH. */
  path: string;
  /** Variables of the image that are for its programs, and would disturb the agent's loader and Node. */
  hidden: Record<string, string>;
  /** Folders that the image declares as volumes: outside of the home nothing is kept. */
  volumes: string[];
  /** Its users, and among them the one of dev containers. */
  users: Users;
}

/**
 * Finds or pulls an image that a project names, and lays out what its containers need beside it.
 * @param parts `own`: RoSE's own image, which the agent and its Node come from
 * @throws RoseError CONTAINER_FAILED when it cannot be had or cannot be used.
 */
export async function ensureForeignImage(
  docker: Docker,
  name: string,
  { own, helperLabels }: { own: DevImage; helperLabels: Record<string, string> },
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<DevImage> {
  const found = await findOrPull(docker, name, report, signal).catch((error: unknown) => {
    throw error instanceof NoSuchImage ? unavailable(name, error) : error;
  });
  if (found.Os !== 'linux' || found.Architecture !== own.architecture) {
    const kind = `${found.Os}/${found.Architecture}`;
    throw failed(`The image "${name}" is for ${kind}; this machine runs linux/${own.architecture}.`);
  }
  const declared = volumesOf(found);
  const taken = declared.find(isInOurs);
  if (taken !== undefined)
    throw failed(`The image "${name}" declares the volume ${taken}, which lies in a folder that RoSE needs.`);
  const variables = variablesOf(found);
  const foreign = {
    agentVolume: await ensureAgentVolume(docker, own, helperLabels, signal),
    path: variables.PATH ?? USUAL_PATH,
    hidden: Object.fromEntries(Object.entries(variables).filter(([variable]) => DISTURBING.test(variable))),
    volumes: declared.filter((folder) => !OURS.includes(folder)),
    users: await usersOf(docker, found.Id, helperLabels, signal),
  };
  return { ...own, id: found.Id, foreign };
}

/** LD_PRELOAD of an allocator, NODE_OPTIONS of another Node … */
const DISTURBING = /^(LD_|GLIBC_|MALLOC_|NODE_)/;
const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What is mounted over an image: the home, the agent, the way to it. A volume below would hide what is kept there. */
const OURS = [
  '/home/dev',
  AGENT_FOLDER,
  '/run/rose/in',
  '/run/rose/out',
  '/etc/passwd',
  '/etc/group',
  '/etc/rose/ca.pem',
];

/** Whether a folder lies below what RoSE mounts; these themselves are RoSE's, whatever an image says. */
function isInOurs(folder: string): boolean {
  return OURS.some((own) => folder.startsWith(`${own}/`));
}

function volumesOf({ Config }: ImageInspectInfo): string[] {
  return Object.keys(Config.Volumes ?? {}).map((folder) => path.posix.resolve('/', folder));
}

function variablesOf({ Config }: ImageInspectInfo): Record<string, string> {
  const variables = Config.Env ?? [];
  return Object.fromEntries(variables.map((text) => [text.split('=', 1)[0], text.slice(text.indexOf('=') + 1)]));
}

function unavailable(name: string, error: NoSuchImage): RoseError<'CONTAINER_FAILED'> {
  const reason = error.message.replaceAll(/\s+/g, ' ').slice(0, MAX_REASON);
  return failed(`The image "${name}" of this project is not on this machine and cannot be pulled: ${reason}`, error);
}

function failed(message: string, cause?: unknown): RoseError<'CONTAINER_FAILED'> {
  return new RoseError('CONTAINER_FAILED', message, {}, { cause });
}
