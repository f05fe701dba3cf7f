import { z } from 'zod';
import { projectIdSchema } from './projects.ts';
import { versionNumberSchema, type DirectoryEntry } from './versions.ts';

/** Larger files are not searched, bytes. */
export const MAX_SEARCHED_BYTES = 16 * 1024 * 1024;

const globs = z.array(z.string().min(1).max(200)).max(20).default([]);

const options = {
  /** A JavaScript regular expression. Contents are matched line by line; names as globs are, see `include`. */
  pattern: z.string().min(1).max(1000),
  /** The pattern is plain text. */
  literal: z.boolean().default(false),
  ignoreCase: z.boolean().default(false),
  /** Only paths that match one of these. A glob (or pattern) with a / is about the whole path, another about the last name. */
  include: globs,
  /** Nothing that matches one of these, and nothing below it. */
  exclude: globs,
  maxHits: z.number().int().min(1).max(100_000).default(1000),
  /** Then the search ends with what it has found. */
  timeLimitSeconds: z.number().int().min(1).max(60).default(30),
};

/** What to look for in a live workspace. */
export const searchInput = z.strictObject(options).superRefine(checkPattern);
/** What to look for in a version. */
export const versionSearchInput = z
  .strictObject({ projectId: projectIdSchema, version: versionNumberSchema, ...options })
  .superRefine(checkPattern);

export type SearchOrder = z.output<typeof searchInput>;

function checkPattern(order: PatternOrder, context: z.RefinementCtx): void {
  try {
    compilePattern(order);
  } catch (error) {
    context.addIssue({ code: 'custom', path: ['pattern'], message: `${(error as SyntaxError).message}.` });
  }
}

export type PatternOrder = Pick<SearchOrder, 'pattern' | 'literal' | 'ignoreCase'>;

/**
 * The pattern of a search: in Unicode mode, unless it escapes or omits what only the lenient mode
 * lets it, as `if (a) {` does.
 * @throws SyntaxError
 */
export function compilePattern({ pattern, literal, ignoreCase }: PatternOrder): RegExp {
  const source = literal ? pattern.replaceAll(/[\^$.*+?()[\]{}|/\\]/g, '\\$&') : pattern;
  const flags = ignoreCase ? 'i' : '';
  try {
    return new RegExp(source, `${flags}u`);
  } catch {
    return new RegExp(source, flags);
  }
}

/** A line that matches. Places count UTF-16 units. */
export interface LineHit {
  path: string;
  /** From 1. */
  line: number;
  /** Where the first match begins in the line, from 1. */
  column: number;
  /** Of the match. */
  length: number;
  /** The line, or the 500 units around the match of a longer one; bytes that are not UTF-8 are U+FFFD. */
  text: string;
  /** Where `text` begins in the line, from 0. */
  offset: number;
}

export interface NameHit {
  path: string;
  kind: DirectoryEntry['kind'];
}

/** What each kind of search finds. */
export interface SearchHits {
  content: LineHit;
  names: NameHit;
}
export type SearchMode = keyof SearchHits;

export interface SearchSummary {
  /** Files whose content was searched, or entries whose name was. */
  files: number;
  hits: number;
  /** Files whose content was not searched. */
  skipped: { binary: number; large: number; unreadable: number };
  /** There are more hits than were asked for. */
  truncated: boolean;
  /** The time limit ended it: there may be more. */
  timedOut: boolean;
}

/** Hits come as they are found, the summary last. */
export type SearchPiece<M extends SearchMode> = { hits: SearchHits[M][] } | { summary: SearchSummary };
