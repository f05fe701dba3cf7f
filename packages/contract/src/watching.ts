import { z } from 'zod';
import { workspacePathSchema } from './versions.ts';

const globs = z.array(z.string().min(1).max(200)).max(20);

/** What is left out unless a watcher says otherwise: many files, and none of them written by a person. */
export const UNWATCHED = ['node_modules', '.git'] as const;

/** Which files of a workspace to watch; globs are those of a search. */
export const fileWatchInput = z.strictObject({
  /** The directory to watch, with all below it. */
  path: workspacePathSchema.default(''),
  /** Only paths that match one of these. */
  include: globs.default([]),
  /** Nothing that matches one of these, and nothing below it. */
  exclude: globs.default([...UNWATCHED]),
});

export interface FileChange {
  /** Of the workspace. */
  path: string;
  /** A directory that is deleted, or moved away, stands for all below it. */
  kind: 'created' | 'changed' | 'deleted';
  isDirectory: boolean;
}

/**
 * What changed since the last piece. The first piece is empty: all that changes after it is told.
 */
export interface FileChanges {
  changes: FileChange[];
  /** Changes were too many to keep: whoever must know looks for himself. */
  lost: boolean;
}
