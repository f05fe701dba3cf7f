import { follow } from '#lib/api/follow.ts';
import { rose } from '#lib/api/rose.ts';

/** Lines that are shown at most; as many as RoSE remembers of a start. */
const MOST = 200;
/** After a start, ms: then somebody looks whether its postCreateCommand still runs. */
const REST_MS = 10_000;

/** What starting a dev container tells: pulls, builds, what postCreateCommand writes, what of its file was not taken. */
export class StartLog {
  /** The newest. */
  lines = $state.raw<string[]>([]);
  readonly #projectId: number;
  #unfollow: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(projectId: number) {
    this.#projectId = projectId;
  }

  /** Hears a start that is about to begin; resolves when nothing of it can be missed. Never throws. */
  hear = (): Promise<void> => this.#follow(false);

  /** Hears the last start from its beginning, be it over or not. */
  recall = (): void => void this.#follow(true);

  /** Somebody else's start goes on: hears it, unless it is heard already. */
  join = (): void => {
    if (this.#unfollow === null) this.recall();
  };

  /** The start is over; what its postCreateCommand writes afterwards is still heard. */
  settle = (): void => {
    clearTimeout(this.#timer);
    if (this.#unfollow !== null) this.#timer = setTimeout(() => void this.#rest(), REST_MS);
  };

  /** Hears no more; what was heard stays. */
  close = (): void => {
    clearTimeout(this.#timer);
    this.#unfollow?.();
    this.#unfollow = null;
  };

  dismiss = (): void => {
    this.close();
    this.lines = [];
  };

  #follow(isWhole: boolean): Promise<void> {
    this.dismiss();
    const heard = Promise.withResolvers<void>();
    let fromStart = isWhole;
    const open = async (signal: AbortSignal): Promise<AsyncIterable<{ line: string }>> => {
      try {
        const lines = await rose.containers.startLines.query({ projectId: this.#projectId, fromStart }, { signal });
        if (fromStart) this.lines = [];
        return lines;
      } finally {
        // After a break all of it is told again.
        fromStart = true;
        heard.resolve();
      }
    };
    this.#unfollow = follow({
      open,
      take: ({ line }) => (this.lines = [...this.lines, line].slice(-MOST)),
    });
    // Of a page that nobody sees nothing is followed.
    if (document.visibilityState !== 'visible') heard.resolve();
    return heard.promise;
  }

  async #rest(): Promise<void> {
    const status = await rose.containers.status.query({ projectId: this.#projectId }).catch(() => null);
    if (status?.postCreate?.state === 'running') this.settle();
    else this.close();
  }
}
