import type {
  ContainerUsage,
  DevContainerFile,
  PostCreate,
  ProcessInfo,
  ProcessList,
  RefusedConnection,
} from '@rose/contract';
import { Deed } from '#lib/api/deed.svelte.ts';
import { follow } from '#lib/api/follow.ts';
import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';

interface Wish {
  devContainer: DevContainerFile | null;
  postCreate: PostCreate | null;
}

/** What goes on in a project's dev container. Looking at it wakes no container, but for the processes. */
export class Container {
  usage = $state.raw<ContainerUsage | null>(null);
  readonly processes: Resource<ProcessList>;
  readonly refusals: Resource<RefusedConnection[]>;
  /** What its workspace says of the container it wants, as it was read at the last start. */
  readonly wish: Resource<Wish>;
  /** Ends a process, and looks again. */
  readonly end: Deed<[process: ProcessInfo]>;
  readonly #projectId: number;

  constructor(projectId: number) {
    const { processes } = rose.workspace(projectId);
    this.#projectId = projectId;
    this.processes = new Resource((signal) => processes.list.query(undefined, { signal }));
    this.refusals = new Resource((signal) => rose.containers.refusals.query({ projectId }, { signal }));
    this.wish = new Resource(async (signal) => {
      const { devContainer, postCreate } = await rose.containers.status.query({ projectId }, { signal });
      return { devContainer, postCreate };
    });
    this.end = new Deed(async ({ pid }) => {
      await processes.signal.mutate({ pid });
      await this.processes.load();
    });
  }

  /** Keeps the usage as it is, while the page can be seen. Returns how to end it. */
  followUsage(): () => void {
    const projectId = this.#projectId;
    return follow({
      open: (signal) => rose.containers.watchUsage.query({ projectId }, { signal }),
      // A container that is replaced is not found for a moment; with the project this page goes.
      take: (usage) => (this.usage = usage),
    });
  }

  close(): void {
    this.processes.stop();
    this.refusals.stop();
    this.wish.stop();
  }
}
