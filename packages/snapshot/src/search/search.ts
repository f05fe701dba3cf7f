import {
  compilePattern,
  MAX_SEARCHED_BYTES,
  type DirectoryEntry,
  type LineHit,
  type NameHit,
  type SearchMode,
} from '@rose/contract';
import { isText } from '../is-text.ts';
import { matchLines } from './lines.ts';
import { FLOW, type FromSearch, type SearchData } from './messages.ts';
import { PathFilter } from './path-filter.ts';

/** Hits that the main thread may be behind. */
const MAX_OUTSTANDING = 2000;
/** Hits in one message, and how long one is waited for. */
const BATCH = 100;
const BATCH_MS = 50;

/** One search, as its thread sees it: is shown the entries of a tree and sends what it finds. */
export class Search {
  readonly mode: SearchMode;
  readonly #pattern: RegExp;
  readonly #isAboutPath: boolean;
  readonly #filter: PathFilter;
  readonly #shared: Int32Array;
  readonly #post: (message: FromSearch) => void;
  #wanted: number;
  #batch: (LineHit | NameHit)[] = [];
  #postedAt = 0;
  isTruncated = false;

  constructor({ mode, order, flow }: SearchData, post: (message: FromSearch) => void) {
    this.mode = mode;
    this.#pattern = compilePattern(order);
    this.#isAboutPath = order.pattern.includes('/');
    this.#filter = new PathFilter(order.include, order.exclude);
    this.#shared = new Int32Array(flow);
    this.#post = post;
    this.#wanted = order.maxHits;
  }

  /** Nothing more is asked for. */
  get isOver(): boolean {
    return this.isTruncated || Atomics.load(this.#shared, FLOW.cancelled) === 1;
  }

  /** Whether an entry, and all below it, is left out. */
  excludes(path: string): boolean {
    return this.#filter.excludes(path);
  }

  /** Whether the content of a file that is not excluded is to be shown. */
  wants(path: string, size: number): boolean {
    if (!this.#filter.includes(path)) return false;
    if (size > MAX_SEARCHED_BYTES) this.count('large');
    return size <= MAX_SEARCHED_BYTES;
  }

  content(path: string, bytes: Buffer): void {
    if (!isText(bytes)) return this.count('binary');
    this.count('files');
    for (const hit of matchLines(bytes, this.#pattern)) {
      if (this.isOver) break;
      this.#add({ path, ...hit });
    }
    // The next file may be the one whose match does not return.
    this.flush();
  }

  name(path: string, kind: DirectoryEntry['kind']): void {
    if (!this.#filter.includes(path)) return;
    this.count('files');
    if (this.#pattern.test(this.#isAboutPath ? path : path.slice(path.lastIndexOf('/') + 1))) this.#add({ path, kind });
  }

  count(what: 'files' | 'binary' | 'large' | 'unreadable'): void {
    Atomics.add(this.#shared, FLOW[what], 1);
  }

  #add(hit: LineHit | NameHit): void {
    if (this.#wanted === 0) {
      this.isTruncated = true;
      return;
    }
    this.#wanted -= 1;
    this.#batch.push(hit);
    if (this.#batch.length >= BATCH || Date.now() - this.#postedAt >= BATCH_MS) this.flush();
  }

  /** Sends what was found; blocks while the main thread is far behind. */
  flush(): void {
    const hits = this.#batch;
    if (hits.length === 0) return;
    this.#waitForRoom();
    Atomics.add(this.#shared, FLOW.outstanding, hits.length);
    this.#post({ answer: 'hits', hits });
    this.#batch = [];
    this.#postedAt = Date.now();
  }

  #waitForRoom(): void {
    while (Atomics.load(this.#shared, FLOW.cancelled) === 0) {
      const outstanding = Atomics.load(this.#shared, FLOW.outstanding);
      if (outstanding <= MAX_OUTSTANDING) return;
      Atomics.wait(this.#shared, FLOW.outstanding, outstanding, 1000);
    }
  }
}
