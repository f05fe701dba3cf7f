import type Docker from 'dockerode';
import { buffer } from 'node:stream/consumers';
import { COUNT, parseCount } from '../process/owners.ts';
import { callEngine } from './calls.ts';
import { logText } from './logs.ts';

const COUNT_MS = 120_000;
const MIB = 1024 * 1024;

/**
 * Bytes that a volume holds, counted by a container of our own image which sees nothing else and may read
 * directories that were closed, and no more.
 * @param name of the volume at the engine
 */
export async function countVolume(docker: Docker, imageId: string, name: string): Promise<number> {
  return await callEngine('count the files of a volume', COUNT_MS, async (abortSignal) => {
    const container = await docker.createContainer({
      Image: imageId,
      Entrypoint: COUNT,
      Env: ['PATH=/usr/local/bin:/usr/bin:/bin'],
      WorkingDir: '/volume',
      User: '0:0',
      HostConfig: {
        // Gone also when this process ends meanwhile.
        AutoRemove: true,
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        CapAdd: ['DAC_READ_SEARCH'],
        SecurityOpt: ['no-new-privileges'],
        ReadonlyRootfs: true,
        PidsLimit: 16,
        Memory: 256 * MIB,
        MemorySwap: 256 * MIB,
        Mounts: [{ Type: 'volume', Source: name, Target: '/volume', ReadOnly: true, VolumeOptions: NO_COPY }],
      },
    });
    try {
      const output = await container.attach({ stream: true, stdout: true, abortSignal });
      await container.start({ abortSignal });
      return parseCount(logText(await buffer(output)));
    } finally {
      await container.remove({ force: true }).catch(() => {});
    }
  });
}

/** A volume that is new is not filled from the image for that. */
const NO_COPY = { NoCopy: true, Labels: {}, DriverConfig: { Name: '', Options: {} } };
