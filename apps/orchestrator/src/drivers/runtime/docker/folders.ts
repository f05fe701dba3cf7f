import { chmod } from 'node:fs/promises';
import { makeSocketFolders, removeSocketFolders, type SocketFolders } from '../socket-folders.ts';
import { folderName } from './container-info.ts';
import { CONTAINER, emptyOut, emptyOutByContainer } from './empty-out.ts';
import type { Engine } from './engine.ts';
import type { Images } from './images.ts';
import { hostPathOf } from './own-container.ts';

export interface FoldersOptions {
  engine: Engine;
  dataDir: string;
  images: Pick<Images, 'ensure'>;
  helperLabels: Record<string, string>;
}

/** The socket folders of an installation's containers at an engine. */
export class Folders {
  readonly #options: FoldersOptions;

  constructor(options: FoldersOptions) {
    this.#options = options;
  }

  /** Empty ones, in the place of what an earlier container left. */
  async make(projectId: number): Promise<SocketFolders> {
    await this.remove(projectId);
    const folders = await makeSocketFolders(this.#options.dataDir, folderName(projectId), CONTAINER);
    // Whoever the container's uid is on the host; the parent keeps the others out.
    if (this.#options.engine.mapsUsers) await chmod(folders.out, 0o777);
    return folders;
  }

  /** Only when the container is gone. Safe to repeat. */
  async remove(projectId: number): Promise<void> {
    const { engine, dataDir, images, helperLabels } = this.#options;
    await removeSocketFolders(dataDir, folderName(projectId), async (out) => {
      try {
        await emptyOut(out);
      } catch {
        const { id: imageId } = await images.ensure(null, () => {});
        await emptyOutByContainer(engine.docker, { imageId, helperLabels }, out, this.hostPath(out));
      }
    });
  }

  /** What the engine must be told to mount what is at `file` here. */
  hostPath(file: string): string {
    const { own } = this.#options.engine;
    return own === null ? file : hostPathOf(own, file);
  }
}
