import { Deed } from '#lib/api/deed.svelte.ts';
import { newRequestId } from '#lib/api/request-id.ts';
import { rose } from '#lib/api/rose.ts';
import type { OpenProject } from './open-project.svelte.ts';

/** The save form of a project. */
export class Save {
  message = $state('');
  readonly deed: Deed<[]>;
  #running: AbortController | null = null;

  constructor(open: OpenProject) {
    this.deed = new Deed(async () => {
      // Browsers may send a request twice when a connection breaks. A person who tries again means a save of what is
      // there by then, and gets a new id.
      const requestId = newRequestId();
      const input = { projectId: open.id, message: this.message.trim(), requestId };
      this.#running = new AbortController();
      const { signal } = this.#running;
      try {
        const result = await open.progress.during(() => rose.versions.save.mutate(input, { signal }));
        open.outcome = { deed: 'save', result };
        this.message = '';
      } finally {
        this.#running = null;
        await open.refresh();
      }
    });
  }

  /** Ends a save under way; until its last moment it leaves no version. */
  cancel = (): void => this.#running?.abort();
}
