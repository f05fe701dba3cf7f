import type Docker from 'dockerode';
import type { ContainerInspectInfo } from 'dockerode';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { RoseError } from '@rose/contract';
import { callEngine, statusOf } from './calls.ts';

const INSPECT_MS = 30_000;

/** The container that this orchestrator runs in itself: dev containers are its siblings. */
export interface OwnContainer {
  id: string;
  imageId: string;
  mounts: { source: string; destination: string }[];
}

/**
 * The container of this process, when `docker` is the engine that runs it; null for a process of the host,
 * and for one in a container of another engine.
 * @param mountInfo proc(5): /proc/PID/mountinfo of this process
 */
export async function findOwnContainer(docker: Docker, mountInfo = readMountInfo()): Promise<OwnContainer | null> {
  const mounts = parseMountInfo(await mountInfo);
  const id = containerOf(mounts);
  if (id === null) return null;
  const found = await inspect(docker, id);
  if (found === null) return null;
  const points = new Set(mounts.map(({ point }) => point));
  const destinations = await Promise.all(found.Mounts.map(({ Destination }) => resolved(Destination)));
  // The id may be of a container whose files are shown here: what is mounted tells.
  if (!found.State.Running || !destinations.every((destination) => points.has(destination))) return null;
  return {
    id: found.Id,
    imageId: found.Image,
    mounts: found.Mounts.map(({ Source, Destination }) => ({ source: Source, destination: Destination })),
  };
}

/**
 * Where the engine's host has what is at `file` here: only what lies on a volume or a bind mount can be
 * shared with a sibling.
 * @throws RoseError RUNTIME_UNAVAILABLE when it lies on neither.
 */
export function hostPathOf(own: OwnContainer, file: string): string {
  const holding = own.mounts
    .filter(({ destination }) => file === destination || file.startsWith(`${destination.replace(/\/$/, '')}/`))
    .toSorted((a, b) => b.destination.length - a.destination.length)[0];
  // A tmpfs, or a volume of a driver that has no folder, has no source.
  if (holding === undefined || holding.source === '') {
    throw new RoseError(
      'RUNTIME_UNAVAILABLE',
      'RoSE runs in a container, so its data directory must be on a volume: dev containers cannot reach it otherwise. ' +
        'Mount a volume at ROSE_DATA_DIR, as docker-compose.yml does.',
    );
  }
  return path.join(holding.source, path.relative(holding.destination, file));
}

/** The kernel's name of a mount point: /var/run is /run mostly. */
function resolved(destination: string): Promise<string> {
  return realpath(destination).catch(() => destination);
}

interface Mount {
  /** Path of what is mounted, in its file system. */
  root: string;
  /** Where. */
  point: string;
}

function readMountInfo(): Promise<string> {
  // Not Linux: no container either.
  return readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
}

function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [, , , root, point] = line.split(' ');
    return root === undefined || point === undefined ? [] : [{ root: unescaped(root), point: unescaped(point) }];
  });
}

/** proc(5): space, tab, newline and backslash as \ooo. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** Engines (Docker, Podman) mount these files out of a folder that is named after the container. */
const OWN_FILES = new Set(['/etc/hostname', '/etc/hosts', '/etc/resolv.conf']);

function containerOf(mounts: Mount[]): string | null {
  for (const { root, point } of mounts) {
    if (!OWN_FILES.has(point)) continue;
    const id = /containers\/([0-9a-f]{64})\//.exec(root)?.[1];
    if (id !== undefined) return id;
  }
  return null;
}

async function inspect(docker: Docker, id: string): Promise<ContainerInspectInfo | null> {
  try {
    return await callEngine('look at its own container', INSPECT_MS, (abortSignal) =>
      docker.getContainer(id).inspect({ abortSignal }),
    );
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}
