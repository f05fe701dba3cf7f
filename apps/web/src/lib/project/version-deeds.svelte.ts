import type { Version } from '@rose/contract';
import { createContext } from 'svelte';
import { Deed } from '#lib/api/deed.svelte.ts';
import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';
import { toasts } from '#lib/ui/toasts.svelte.ts';
import { ForkForm } from './fork.svelte.ts';
import type { OpenProject } from './open-project.svelte.ts';
import { spaceOf, type Space } from './space.ts';

/** What can be done with a version beside loading it. */
export class VersionDeeds {
  /** How a version is to be forked; null while nobody asks. */
  fork = $state.raw<ForkForm | null>(null);
  /** The version whose deletion is asked about. */
  doomed = $state.raw<Version | null>(null);
  /** What deleting versions frees; only told to owners. */
  readonly space: Resource<Space>;
  readonly deletion: Deed<[Version]>;
  readonly #open: OpenProject;
  readonly #pin: Deed<[Version]>;

  constructor(open: OpenProject) {
    this.#open = open;
    const projectId = open.id;
    this.space = new Resource((signal) => spaceOf(projectId, signal));
    this.#pin = new Deed(async ({ version, pinned }) => {
      await rose.versions.pin.mutate({ projectId, version, pinned: !pinned });
      toasts.say(pinned ? `Version ${version} is not pinned any more.` : `Version ${version} is pinned.`);
      await open.versions.load();
    });
    this.deletion = new Deed(async ({ version }) => {
      await rose.versions.delete.mutate({ projectId, version });
      this.doomed = null;
      toasts.say(`Version ${version} was deleted.`);
      // What each of the others alone holds is another sum now.
      this.space.clear();
      await open.versions.load();
    });
  }

  /** A pinned version stays: it is neither thinned nor deleted. */
  togglePin = async (version: Version): Promise<void> => {
    await this.#pin.run(version);
    if (this.#pin.failure !== null) toasts.complain(this.#pin.failure.message);
  };

  askToFork = ({ version }: Version): void => {
    this.fork = new ForkForm(this.#open, version);
  };

  askToDelete = (version: Version): void => {
    this.doomed = version;
    this.deletion.failure = null;
    if (this.#open.isOwner) void this.space.load();
  };
}

export const [getVersionDeeds, setVersionDeeds] = createContext<VersionDeeds>();
