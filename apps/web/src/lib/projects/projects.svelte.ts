import { createProjectInput, type Project, type StateChange } from '@rose/contract';
import { goto } from '$app/navigation';
import { follow } from '#lib/api/follow.ts';
import { Deed } from '#lib/api/deed.svelte.ts';
import { Form } from '#lib/api/form.svelte.ts';
import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';
import { toasts } from '#lib/ui/toasts.svelte.ts';

/** The projects of who is signed in. */
export class Projects {
  readonly list = new Resource((signal) => rose.projects.list.query(undefined, { signal }));
  /** Deleted, but not for long enough to be gone. */
  readonly deleted = new Resource((signal) => rose.projects.listDeleted.query(undefined, { signal }));
  readonly undelete = new Deed(async ({ id, name }: Project) => {
    await rose.projects.undelete.mutate({ projectId: id });
    toasts.say(`“${name}” is back.`);
    await this.load();
  });

  load = async (): Promise<void> => {
    await Promise.all([this.list.load(), this.deleted.load()]);
  };

  /** Keeps the states that are shown as they are, while the page can be seen. Returns how to end it. */
  followStates(): () => void {
    return follow({
      open: (signal) => rose.projects.watch.query(undefined, { signal }),
      take: (change) => this.#tell(change),
    });
  }

  #tell({ projectId, state, reason }: StateChange): void {
    const known = this.list.value;
    if (known === undefined || this.list.isLoading) return;
    // Made elsewhere, or shared since.
    if (!known.some(({ id }) => id === projectId)) void this.list.load();
    else
      this.list.set(
        known.map((project) => (project.id === projectId ? { ...project, state, stateReason: reason } : project)),
      );
  }

  close(): void {
    this.list.stop();
    this.deleted.stop();
  }
}

/** The form that creates a project and opens it. */
export function creation() {
  return new Form({
    values: { name: '', description: '' },
    schema: createProjectInput,
    submit: async (input) => {
      const { id } = await rose.projects.create.mutate(input);
      await goto(`/project/${id}`);
    },
  });
}
