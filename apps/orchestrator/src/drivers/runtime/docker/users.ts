import type Docker from 'dockerode';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { callEngine, statusOf } from './calls.ts';

const READ_MS = 30_000;
/** Longer ones of an image are taken for none. */
const MAX_BYTES = 1024 * 1024;

/** Contents of /etc/passwd and /etc/group. */
export interface Users {
  passwd: string;
  group: string;
}

/** What an image without these files has. */
const FEWEST: Users = { passwd: 'root:x:0:0:root:/root:/bin/sh\n', group: 'root:x:0:\n' };

/**
 * The users of an image, with "dev", uid and gid 1000, in the place of whoever has these numbers there:
 * programs ask who they are, and where their home is.
 */
export async function usersOf(
  docker: Docker,
  imageId: string,
  helperLabels: Record<string, string>,
  signal: AbortSignal,
): Promise<Users> {
  return await callEngine(
    'look into an image',
    READ_MS,
    async (abortSignal) => {
      // Never started: only its files are read.
      const container = await docker.createContainer({
        Image: imageId,
        Cmd: ['/'],
        Labels: helperLabels,
        NetworkDisabled: true,
        abortSignal,
      });
      try {
        const passwd = (await readFile(container, '/etc/passwd', abortSignal)) ?? FEWEST.passwd;
        const group = (await readFile(container, '/etc/group', abortSignal)) ?? FEWEST.group;
        const shell = (await isThere(container, '/bin/bash', abortSignal)) ? '/bin/bash' : '/bin/sh';
        return withDev({ passwd, group }, shell);
      } finally {
        await container.remove({ force: true, v: true }).catch(() => {});
      }
    },
    signal,
  );
}

/** @param shell absolute path of the shell of dev */
export function withDev({ passwd, group }: Users, shell: string): Users {
  return {
    passwd: `${without(passwd, /^([^:]*:[^:]*:1000:|dev:)/)}dev:x:1000:1000:dev:/home/dev:${shell}\n`,
    group: `${without(group, /^([^:]*:[^:]*:1000:|dev:)/)}dev:x:1000:\n`,
  };
}

function without(file: string, pattern: RegExp): string {
  const lines = file.split('\n').filter((line) => line !== '' && !pattern.test(line));
  return lines.map((line) => `${line}\n`).join('');
}

async function isThere(container: Docker.Container, file: string, signal: AbortSignal): Promise<boolean> {
  try {
    await container.infoArchive({ path: file, abortSignal: signal });
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** Up to MAX_BYTES of a file; null when there is none. */
async function readFile(container: Docker.Container, file: string, signal: AbortSignal): Promise<string | null> {
  let archive: Readable;
  try {
    archive = (await container.getArchive({ path: file, abortSignal: signal })) as unknown as Readable;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
  const entries = archive.pipe(extract());
  try {
    for await (const entry of entries) {
      if (entry.header.type !== 'file') return null;
      const parts: Buffer[] = [];
      let length = 0;
      for await (const part of entry as AsyncIterable<Buffer>) {
        parts.push(part);
        if ((length += part.length) >= MAX_BYTES) break;
      }
      return Buffer.concat(parts).toString('utf8');
    }
    return null;
  } finally {
    archive.destroy();
    entries.destroy();
  }
}
