import type Docker from 'dockerode';
import { spawn } from 'node:child_process';
import { RoseError } from '@rose/contract';
import { callEngine } from './calls.ts';

const EMPTY_MS = 60_000;
const CONTAINER_UID = 1000;

/**
 * Removes what a container that is gone left in its `out` folder, in the container's own name: root
 * never walks what a container wrote.
 */
export async function emptyOut(out: string): Promise<void> {
  // The folder's parents are closed to that uid, so it starts inside.
  const owner = process.getuid?.() === 0 ? { uid: CONTAINER_UID, gid: CONTAINER_UID } : {};
  const find = spawn('find', ['.', '-mindepth', '1', '-delete'], {
    cwd: out,
    stdio: 'ignore',
    timeout: EMPTY_MS,
    env: { PATH: '/usr/bin:/bin' },
    ...owner,
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  find.once('error', reject).once('close', resolve);
  const code = await promise;
  if (code !== 0) throw new Error(`find ended with code ${code}.`);
}

/**
 * The same by a container: for an orchestrator that is neither root nor uid 1000, which may unlink
 * the agent's socket but not what lies in directories of the container's.
 */
export async function emptyOutByContainer(docker: Docker, imageId: string, out: string): Promise<void> {
  await callEngine('clear a socket folder', EMPTY_MS, async (abortSignal) => {
    const container = await docker.createContainer({
      Image: imageId,
      Entrypoint: ['find', '/run/rose/out', '-mindepth', '1', '-delete'],
      User: `${CONTAINER_UID}:${CONTAINER_UID}`,
      HostConfig: {
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        ReadonlyRootfs: true,
        Mounts: [{ Type: 'bind', Source: out, Target: '/run/rose/out' }],
      },
    });
    try {
      await container.start({ abortSignal });
      const { StatusCode } = (await container.wait({ abortSignal })) as { StatusCode: number };
      if (StatusCode !== 0) throw new RoseError('CONTAINER_FAILED', 'A socket folder could not be cleared.');
    } finally {
      await container.remove({ force: true, v: true });
    }
  });
}
