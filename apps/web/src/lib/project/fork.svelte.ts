import { forkProjectInput } from '@rose/contract';
import { goto } from '$app/navigation';
import { Form } from '#lib/api/form.svelte.ts';
import { rose } from '#lib/api/rose.ts';
import type { OpenProject } from './open-project.svelte.ts';

interface Values extends Record<string, string> {
  name: string;
  description: string;
}

/** The form that makes a new project of a version, and opens it. */
export class ForkForm extends Form<Values, { name: string; description: string }> {
  readonly version: number;

  constructor(open: OpenProject, version: number) {
    const { name = '', description = '' } = open.project.value ?? {};
    const projectId = open.id;
    super({
      values: { name: `${name} fork`, description },
      schema: forkProjectInput.omit({ projectId: true, version: true }),
      submit: async (input) => {
        const { id } = await open.progress.during(() => rose.projects.fork.mutate({ projectId, version, ...input }));
        await goto(`/project/${id}`);
      },
    });
    this.version = version;
  }
}
