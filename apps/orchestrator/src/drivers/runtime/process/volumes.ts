import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, rename, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { RoseError } from '@rose/contract';
import type { DiskAmounts } from '../runtime.ts';
import type { Owner } from '../socket-folders.ts';
import { countAs, emptyForItsOwner } from './owners.ts';

/** `<dataDir>/volumes/<volume>`, 0700 and the project's; names with a dot in front are on their way in or out. */
export class Volumes {
  readonly root: string;

  constructor(dataDir: string) {
    this.root = path.join(dataDir, 'volumes');
  }

  /** @throws RoseError CONTAINER_FAILED for a name that is none. */
  folder(volume: string): string {
    if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(volume)) {
      throw new RoseError('CONTAINER_FAILED', `"${volume}" is no name of a volume.`);
    }
    return path.join(this.root, volume);
  }

  /** Makes a volume that does not exist yet. @returns whether it did. */
  async ensure(volume: string, owner: Owner): Promise<boolean> {
    const folder = this.folder(volume);
    if (existsSync(folder)) {
      const { uid } = await stat(folder);
      if (uid !== owner.uid) {
        throw new RoseError('CONTAINER_FAILED', `The volume "${volume}" belongs to uid ${uid}, not to ${owner.uid}.`);
      }
      return false;
    }
    await mkdir(this.root, { recursive: true, mode: 0o700 });
    const fresh = this.#hidden('new');
    for (const made of [fresh, path.join(fresh, 'workspace'), path.join(fresh, '.rose')]) {
      await mkdir(made);
      await chmod(made, made.endsWith('workspace') ? 0o755 : 0o700);
      if (process.getuid?.() === 0) await chown(made, owner.uid, owner.gid);
    }
    await rename(fresh, folder);
    return true;
  }

  async list(): Promise<{ volume: string; createdAt: Date }[]> {
    const names = await readdir(this.root).catch(() => []);
    const volumes = names.filter((name) => !name.startsWith('.'));
    return Promise.all(
      volumes.map(async (volume) => ({ volume, createdAt: (await stat(path.join(this.root, volume))).birthtime })),
    );
  }

  /** What it takes of its disk. */
  async use(volume: string, signal?: AbortSignal): Promise<DiskAmounts> {
    const folder = this.folder(volume);
    const { uid, gid } = await stat(folder);
    return await countAs({ uid, gid }, folder, signal);
  }

  /** Takes a volume away at once; what is returned removes its files, which may take long. */
  async detach(volume: string): Promise<() => Promise<void>> {
    const folder = this.folder(volume);
    if (!existsSync(folder)) return async () => {};
    const leaving = this.#hidden('gone');
    await rename(folder, leaving);
    return () => this.#discard(leaving);
  }

  /** What a killed orchestrator left half made or half removed. @returns a deed that removes its files. */
  async leftovers(): Promise<() => Promise<void>> {
    const names = await readdir(this.root).catch(() => []);
    const left = names.filter((name) => name.startsWith('.')).map((name) => path.join(this.root, name));
    return async () => {
      for (const folder of left) await this.#discard(folder);
    };
  }

  async #discard(folder: string): Promise<void> {
    await emptyForItsOwner(folder);
    await rmdir(folder);
  }

  #hidden(why: string): string {
    return path.join(this.root, `.${why}-${randomBytes(6).toString('hex')}`);
  }
}
