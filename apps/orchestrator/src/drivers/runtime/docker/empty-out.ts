import type Docker from 'dockerode';
import { chmod } from 'node:fs/promises';
import { RoseError } from '@rose/contract';
import { emptyAs, startedByRoot } from '../process/owners.ts';
import { EMPTY } from '../process/scripts.ts';
import type { Owner } from '../socket-folders.ts';
import { callEngine } from './calls.ts';

const EMPTY_MS = 60_000;

/** Whom the processes of every dev container are. */
export const CONTAINER: Owner = { uid: 1000, gid: 1000 };

/**
 * Removes what a container that is gone left in its `out` folder, in the container's own name: root
 * never walks what a container wrote.
 * @throws Error when this user may not.
 */
export async function emptyOut(out: string): Promise<void> {
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  // The folder itself lies where no container can put a link in its place.
  await chmod(out, startedByRoot ? 0o700 : 0o777);
  await emptyAs(startedByRoot ? CONTAINER : self, out);
}

/**
 * The same by a container, whose uid may be one that this user cannot take: for an orchestrator that is
 * neither root nor uid 1000, and for an engine that maps users.
 * @param hostPath of `out`, where the engine's host knows it by another name
 */
export async function emptyOutByContainer(
  docker: Docker,
  { imageId, helperLabels }: { imageId: string; helperLabels: Record<string, string> },
  out: string,
  hostPath = out,
): Promise<void> {
  await chmod(out, 0o777);
  await callEngine('clear a socket folder', EMPTY_MS, async (abortSignal) => {
    const container = await docker.createContainer({
      Image: imageId,
      Entrypoint: EMPTY,
      Labels: helperLabels,
      WorkingDir: '/run/rose/out',
      User: `${CONTAINER.uid}:${CONTAINER.gid}`,
      HostConfig: {
        // Gone also when this process ends meanwhile.
        AutoRemove: true,
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        ReadonlyRootfs: true,
        Mounts: [{ Type: 'bind', Source: hostPath, Target: '/run/rose/out' }],
      },
    });
    try {
      // Asked before the start: afterwards it may be gone already.
      const ended = container.wait({ condition: 'next-exit', abortSignal }) as Promise<{ StatusCode: number }>;
      ended.catch(() => {});
      await container.start({ abortSignal });
      const { StatusCode } = await ended;
      if (StatusCode !== 0) throw new RoseError('CONTAINER_FAILED', 'A socket folder could not be cleared.');
    } finally {
      await container.remove({ force: true, v: true }).catch(() => {});
    }
  });
}
