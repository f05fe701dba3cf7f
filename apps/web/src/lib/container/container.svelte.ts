import type { ContainerUsage, ProcessInfo, ProcessList, RefusedConnection } from '@rose/contract';
import { Deed } from '#lib/api/deed.svelte.ts';
import { follow } from '#lib/api/follow.ts';
import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';

/** What goes on in a project's dev container. Looking at it wakes no container, but for the processes. */
export class Container {
  usage = $state.raw<ContainerUsage | null>(null);
  readonly processes: Resource<ProcessList>;
  readonly refusals: Resource<RefusedConnection[]>;
  /** Ends a process, and looks again. */
  readonly end: Deed<[process: ProcessInfo]>;
  readonly #projectId: number;

  constructor(projectId: number) {
    const { processes } = rose.workspace(projectId);
    this.#projectId = projectId;
    this.processes = new Resource((signal) => processes.list.query(undefined, { signal }));
    this.refusals = new Resource((signal) => rose.containers.refusals.query({ projectId }, { signal }));
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
      take: (usage) => (this.usage = usage),
      isOver: ({ code }) => code === 'NOT_FOUND',
    });
  }

  close(): void {
    this.processes.stop();
    this.refusals.stop();
  }
}
