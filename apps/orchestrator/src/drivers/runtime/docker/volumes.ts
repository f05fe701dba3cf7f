import type Docker from 'dockerode';
import { callEngine, statusOf } from './calls.ts';
import { LABEL, type Names } from './names.ts';

const QUICK_MS = 30_000;
/** A large workspace takes a while to unlink. */
const REMOVE_MS = 10 * 60_000;

/** The volumes of one installation at an engine; volumes of others have other names and labels. */
export class Volumes {
  readonly #docker: Docker;
  readonly #names: Names;

  constructor(docker: Docker, names: Names) {
    this.#docker = docker;
    this.#names = names;
  }

  /** @returns whether it was made now, and so may be removed again when what follows fails */
  async ensure(volume: string): Promise<boolean> {
    const name = this.#names.volume(volume);
    if (await this.#exists(name)) return false;
    await callEngine('make a volume', QUICK_MS, (abortSignal) =>
      this.#docker.createVolume({ Name: name, Labels: this.#names.labels({ [LABEL.volume]: volume }), abortSignal }),
    );
    return true;
  }

  /** Gives a new volume the owner and the content of a folder of an image, as its first mount does. */
  async fillFrom(imageId: string, volume: string, folder: string): Promise<void> {
    await callEngine('fill a volume', QUICK_MS, async (abortSignal) => {
      // Made, never started: the engine copies when it makes the container.
      const container = await this.#docker.createContainer({
        Image: imageId,
        Labels: this.#names.helperLabels,
        NetworkDisabled: true,
        HostConfig: { Mounts: [{ Type: 'volume', Source: this.#names.volume(volume), Target: folder }] },
        abortSignal,
      });
      await container.remove({ force: true, abortSignal });
    });
  }

  /** Succeeds when it is gone already. @throws RoseError CONTAINER_FAILED when a container uses it. */
  async remove(volume: string): Promise<void> {
    const found = this.#docker.getVolume(this.#names.volume(volume));
    try {
      await callEngine('remove a volume', REMOVE_MS, (abortSignal) => found.remove({ abortSignal }));
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }

  async list(): Promise<{ volume: string; createdAt: Date }[]> {
    const filters = { label: [this.#names.filter] };
    const { Volumes: found } = await callEngine('list volumes', QUICK_MS, (abortSignal) =>
      this.#docker.listVolumes({ filters, abortSignal }),
    );
    return found.map((volume) => ({
      volume: volume.Labels[LABEL.volume] ?? volume.Name,
      // The types lag behind: every engine tells it.
      createdAt: new Date((volume as { CreatedAt?: string }).CreatedAt ?? 0),
    }));
  }

  async #exists(name: string): Promise<boolean> {
    const found = this.#docker.getVolume(name);
    try {
      await callEngine('look for a volume', QUICK_MS, (abortSignal) => found.inspect({ abortSignal }));
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw error;
    }
  }
}
