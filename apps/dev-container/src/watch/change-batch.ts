import type { FileChange, FileChanges } from '@rose/contract';
import { toText, type Raw } from '@rose/snapshot';

/** More changes than this at once are told as lost. */
const MAX_CHANGES = 5000;

type Kind = FileChange['kind'];

/** What changed since somebody asked last: of each path how it ended up. */
export class ChangeBatch {
  readonly #changes = new Map<Raw, { kind: Kind; isDirectory: boolean }>();
  #lost = false;

  get isEmpty(): boolean {
    return this.#changes.size === 0 && !this.#lost;
  }

  add(path: Raw, kind: Kind, isDirectory: boolean): void {
    if (this.#lost) return;
    const before = this.#changes.get(path)?.kind;
    this.#changes.set(path, { kind: merged(before, kind), isDirectory });
    if (this.#changes.size > MAX_CHANGES) this.lose();
  }

  /** Whoever must know everything looks for himself now: what else was noted does not help him. */
  lose(): void {
    this.#changes.clear();
    this.#lost = true;
  }

  take(): FileChanges {
    const changes = Array.from(this.#changes, ([path, change]) => ({ path: toText(path), ...change }));
    const lost = this.#lost;
    this.#changes.clear();
    this.#lost = false;
    return { changes, lost };
  }
}

function merged(before: Kind | undefined, kind: Kind): Kind {
  if (before === 'created' && kind === 'changed') return 'created';
  // It is there as it was before, with another content perhaps.
  return before === 'deleted' && kind === 'created' ? 'changed' : kind;
}
