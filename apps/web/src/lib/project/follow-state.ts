import { follow } from '#lib/api/follow.ts';
import { rose } from '#lib/api/rose.ts';
import type { OpenProject } from './open-project.svelte.ts';

/** Follows the state of a project's container while the page can be seen. Returns how to end it. */
export function followState(open: OpenProject): () => void {
  return follow({
    open: (signal) => rose.containers.watch.query({ projectId: open.id }, { signal }),
    take: ({ state, reason }) => open.tell({ state, stateReason: reason }),
    isOver: ({ code }) => {
      if (code !== 'NOT_FOUND') return false;
      // Deleted, or no longer shared: the page says so.
      void open.project.load();
      return true;
    },
  });
}
