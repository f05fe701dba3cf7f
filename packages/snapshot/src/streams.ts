/**
 * Frame types of the byte streams that carry snapshots (docs/store.md §5). Orchestrator and
 * agent speak the first two, client and agent the third.
 */

/** Agent → orchestrator: the objects of a save, children before parents, then `end`. */
export const SAVE_FRAME = {
  /** Piece of a file, or of a tree that is cut. Payload of the first four: id (32) | plain size u32 | zstd. */
  chunk: 1,
  /** The encoding of a directory. */
  tree: 2,
  /** The chunk list of a file. */
  list: 3,
  /** The chunk list of a directory's encoding. */
  treeList: 4,
  /** JSON SaveProgress. */
  progress: 5,
  /** JSON SaveSummary; the last frame. */
  end: 6,
  /** JSON ErrorBody; the last frame. */
  error: 7,
} as const;

export type ObjectFrame =
  | typeof SAVE_FRAME.chunk
  | typeof SAVE_FRAME.tree
  | typeof SAVE_FRAME.list
  | typeof SAVE_FRAME.treeList;

export interface SaveRequest {
  /** Root tree that may be referred to without sending; null for none. */
  base: string | null;
  /** Read and hash every file, whatever the stat cache says. */
  full: boolean;
  /** Send trees and lists only: nothing will be stored. */
  scan: boolean;
}

export interface SaveProgress {
  files: number;
  bytes: number;
}

export interface SaveSummary {
  root: string;
  /** mtime of the workspace directory itself, ns, decimal. */
  rootMtimeNs: string;
  /** Paths that changed while they were read, at most 1,000. */
  changed: string[];
  /** At most 1,000. */
  skipped: { path: string; reason: string }[];
  /** Files whose content is not what the stat cache promised (full saves): at most 1,000 paths. */
  mismatched: string[];
}

/** Orchestrator → agent: what a load changes, in the order in which it is done. */
export const LOAD_FRAME = {
  /** JSON LoadBegin; the first frame. */
  begin: 1,
  /** JSON LoadOperation. A `write` of a file is followed by its chunks. */
  operation: 2,
  /** A chunk of the last written file: id (32) | plain size u32 | zstd. */
  chunk: 3,
  /** JSON ReuseChunk: a chunk of the last written file that the live file already holds. */
  reuse: 4,
  /** No payload; nothing is touched unless it arrives. */
  end: 5,
} as const;

export interface LoadBegin {
  loadId: string;
  /** Root tree of the scan that the plan was made from. */
  base: string;
  /** Root tree that the workspace will equal, null for a load of single paths. */
  target: string | null;
  rootMtimeNs: string | null;
  /** Bytes that will be written. */
  bytes: number;
}

export type LoadOperation =
  | { op: 'write'; path: string; kind: 'file'; mode: number; mtimeNs: string; size: number; content: WireContent }
  | { op: 'write'; path: string; kind: 'symlink'; mode: number; mtimeNs: string; target: string }
  /** Makes the directory, or keeps it. */
  | { op: 'directory'; path: string }
  | { op: 'remove'; path: string; kind: 'file' | 'symlink' | 'directory' }
  /** Mode and mtime of something that stays; for directories after all else. */
  | { op: 'attributes'; path: string; kind: 'file' | 'symlink' | 'directory'; mode: number; mtimeNs: string };

/** What the agent remembers of a loaded file, so that the next save need not read it. */
export type WireContent = { chunks: { id: string; size: number }[] } | { list: string };

export interface ReuseChunk {
  id: string;
  size: number;
  /** Where it lies in the live file. */
  offset: number;
}

/** Agent → orchestrator while a load runs. */
export const LOAD_ANSWER = { progress: 1, result: 2, error: 3 } as const;

export interface LoadOutcome {
  conflicts: string[];
}

/** A tree of files on its way between client and agent (push, pull). */
export const TREE_FRAME = {
  /** JSON StreamedEntry, parents before children. A file is followed by its data. */
  entry: 1,
  data: 2,
  /** The file is whole. */
  fileEnd: 3,
  /** JSON StreamTotals; the last frame: without it the stream was cut. */
  end: 4,
  error: 5,
} as const;

export type StreamedEntry = { path: string; mode: number; mtimeNs: string } & (
  | { kind: 'file'; size: number }
  | { kind: 'directory' }
  | { kind: 'symlink'; target: string }
);

/** Longest list of skipped paths in a stream's totals. */
export const MAX_SKIPPED = 1000;

export interface StreamTotals {
  files: number;
  bytes: number;
  /** What could not be read or is no file, directory or link; at most MAX_SKIPPED. */
  skipped: { path: string; reason: string }[];
}
