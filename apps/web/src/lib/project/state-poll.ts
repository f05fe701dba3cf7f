import { afterFailure } from '#lib/api/after-failure.ts';
import { rose } from '#lib/api/rose.ts';
import type { OpenProject } from './open-project.svelte.ts';

const CALM_MS = 5000;
/** While the container is on its way to another state. */
const MOVING_MS = 1000;
const DEADLINE_MS = 15_000;

/** Follows the state of a project's container while the page can be seen. Returns how to end it. */
export function followState(open: OpenProject): () => void {
  const end = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const look = async (): Promise<void> => {
    if (document.visibilityState === 'visible' && open.project.value !== undefined) {
      try {
        const signal = AbortSignal.any([end.signal, AbortSignal.timeout(DEADLINE_MS)]);
        open.tell(await rose.containers.status.query({ projectId: open.id }, { signal }));
      } catch (error) {
        // Of a passing failure the next look tells; what a person does meanwhile shows its own.
        if (!end.signal.aborted && afterFailure(error)?.code === 'NOT_FOUND') {
          await open.project.load();
          return;
        }
      }
    }
    if (end.signal.aborted) return;
    const isMoving = open.state === 'starting' || open.state === 'stopping';
    timer = setTimeout(() => void look(), isMoving ? MOVING_MS : CALM_MS);
  };

  void look();
  return () => {
    end.abort();
    clearTimeout(timer);
  };
}
