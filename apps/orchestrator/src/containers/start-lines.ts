import { EventEmitter } from 'node:events';
import type { StartLine } from '@rose/contract';
import { LRUCache } from 'lru-cache';

/** Lines that are remembered of the last start of a project: a failed build is read afterwards. */
const MAX_LINES = 200;
const MAX_LINE = 1000;
/** Projects whose last start is remembered. */
const MAX_PROJECTS = 500;

interface Told {
  lines: string[];
  /** Of the first of `lines`. */
  from: number;
}

/** What starting dev containers tells, for whoever watches: pulls, builds, what postCreateCommand writes. */
export class StartLines {
  readonly #told = new LRUCache<number, Told>({ max: MAX_PROJECTS });
  readonly #events = new EventEmitter().setMaxListeners(0);
  /** Lines so far, of all projects. */
  #count = 0;

  /** A start begins: what the one before told is forgotten. */
  begin(projectId: number): void {
    const { from, lines } = this.#of(projectId);
    this.#told.set(projectId, { lines: [], from: from + lines.length });
  }

  tell(projectId: number, line: string): void {
    const told = this.#of(projectId);
    told.lines.push(kept(line));
    this.#count += 1;
    if (told.lines.length > MAX_LINES) {
      told.lines.shift();
      told.from += 1;
    }
    this.#events.emit(String(projectId));
  }

  /**
   * The lines of the last start, unless `fromStart` is false, then each new one until `signal` aborts; a slow reader
   * misses the oldest ones.
   */
  async *watch(projectId: number, signal: AbortSignal, fromStart = true): AsyncGenerator<StartLine> {
    let wake = Promise.withResolvers<void>();
    const hear = (): void => wake.resolve();
    this.#events.on(String(projectId), hear);
    signal.addEventListener('abort', hear, { once: true });
    const { from: first, lines: known } = this.#of(projectId);
    let next = fromStart ? first : first + known.length;
    try {
      while (!signal.aborted) {
        const { lines, from } = this.#of(projectId);
        next = Math.max(next, from);
        const line = lines[next - from];
        if (line !== undefined) {
          next += 1;
          yield { line };
          continue;
        }
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      this.#events.off(String(projectId), hear);
      signal.removeEventListener('abort', hear);
    }
  }

  #of(projectId: number): Told {
    return this.#told.get(projectId) ?? this.#make(projectId);
  }

  #make(projectId: number): Told {
    // Whoever watches a project that was forgotten meanwhile has heard fewer lines than there were in all.
    const told: Told = { lines: [], from: this.#count };
    this.#told.set(projectId, told);
    return told;
  }
}

/** No control character of an image's makers reaches a terminal. A copy: a part of a text keeps all of it in memory. */
function kept(line: string): string {
  const text = line.slice(0, MAX_LINE).replaceAll(/\p{Cc}/gu, ' ');
  return Buffer.from(text.trimEnd()).toString();
}
