import type { LineHit, NameHit, SearchMode, SearchPiece, SearchSummary } from '@rose/contract';
import { Deed } from '#lib/api/deed.svelte.ts';
import { fieldErrors } from '#lib/api/reactions.ts';
import type { FileSource, SearchWish } from './source.ts';

export type Hit = LineHit | NameHit;

/** A search in a tree of files, whose hits are shown as they come. */
export class TreeSearch {
  mode = $state<SearchMode>('content');
  pattern = $state('');
  isExpression = $state(false);
  isCaseKept = $state(false);
  /** Globs, separated by blanks; empty: everywhere. */
  within = $state('');
  hits = $state.raw<Hit[]>([]);
  /** null until the search has come to its end. */
  summary = $state.raw<SearchSummary | null>(null);
  /** Somebody ended it. */
  isCut = $state(false);
  readonly deed: Deed<[]>;
  #running: AbortController | null = null;

  constructor(source: FileSource) {
    this.deed = new Deed(async () => {
      this.hits = [];
      this.summary = null;
      this.isCut = false;
      const running = new AbortController();
      this.#running = running;
      try {
        const pieces = await source.search(this.mode, this.#wish(), running.signal);
        for await (const piece of pieces) {
          if (running.signal.aborted) break;
          this.#take(piece);
        }
      } finally {
        this.isCut = running.signal.aborted;
        this.#running = null;
      }
    });
  }

  /** What is wrong with the pattern. */
  get patternError(): string | undefined {
    const { failure } = this.deed;
    return failure === null ? undefined : fieldErrors(failure, ['pattern'])['pattern'];
  }

  /** Ends a search under way; what it has found stays. */
  cancel = (): void => this.#running?.abort();

  #wish(): SearchWish {
    return {
      pattern: this.pattern,
      literal: !this.isExpression,
      ignoreCase: !this.isCaseKept,
      include: this.within.split(/\s+/).filter((glob) => glob !== ''),
    };
  }

  #take(piece: SearchPiece<SearchMode>): void {
    if ('summary' in piece) this.summary = piece.summary;
    else this.hits = [...this.hits, ...piece.hits];
  }
}

/** Hits that follow each other in the same file. */
export interface HitGroup {
  path: string;
  hits: Hit[];
}

export function groupsOf(hits: readonly Hit[]): HitGroup[] {
  const groups: HitGroup[] = [];
  for (const hit of hits) {
    const last = groups.at(-1);
    if (last?.path === hit.path) last.hits.push(hit);
    else groups.push({ path: hit.path, hits: [hit] });
  }
  return groups;
}

/** A line around its first match. */
export function partsOf({ text, column, length, offset }: LineHit): { before: string; match: string; after: string } {
  const at = column - 1 - offset;
  return { before: text.slice(0, at).trimStart(), match: text.slice(at, at + length), after: text.slice(at + length) };
}
