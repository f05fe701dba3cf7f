import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** null when a signal ended it. @throws Error when it could not be started. */
export async function exitCode(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

/** What the base image needs of an engine, by its own command line client (it knows contexts and DOCKER_HOST). */
export const engine = {
  async hasImage(tag: string): Promise<boolean> {
    return run('docker', ['image', 'inspect', tag]).then(
      () => true,
      () => false,
    );
  },

  /** Whether an engine answers; a client without one does not count. */
  async answers(): Promise<boolean> {
    return run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 15_000 }).then(
      () => true,
      () => false,
    );
  },

  /**
   * Imports a file system as an image without a name, so that a stream that breaks off leaves no
   * image that looks whole.
   * @returns the image's id
   */
  async importImage(tar: Readable, changes: string[]): Promise<string> {
    const args = ['import', ...changes.flatMap((change) => ['--change', change]), '-'];
    const client = spawn('docker', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const [id, code] = await Promise.all([text(client.stdout), exitCode(client), pipeline(tar, client.stdin)]);
    if (code !== 0) throw new Error(`docker import ended with code ${code}.`);
    return id.trim();
  },

  async tag(id: string, tag: string): Promise<void> {
    await run('docker', ['tag', id, tag]);
  },

  async removeImage(id: string): Promise<void> {
    await run('docker', ['image', 'rm', id]);
  },
};
