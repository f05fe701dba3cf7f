import { z } from 'zod';
import { projectIdSchema } from './projects.ts';
import { versionNumberSchema, workspacePathSchema, type EntryKind } from './versions.ts';

const sides = {
  projectId: projectIdSchema,
  from: versionNumberSchema,
  /** Missing: the live workspace. */
  to: versionNumberSchema.optional(),
};

export const diffInput = z.strictObject({
  ...sides,
  /** Changes to leave out from the beginning: where the page before ended. */
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(10_000).default(1000),
});
export const fileDiffInput = z.strictObject({ ...sides, path: workspacePathSchema });
export const historyInput = z.strictObject({ projectId: projectIdSchema, path: workspacePathSchema });

/** One path that differs between two states. */
export interface Difference {
  path: string;
  change: 'added' | 'removed' | 'changed' | 'renamed' | 'mode';
  kind: EntryKind;
  /** For `renamed`: where it was. */
  from?: string;
  /** Bytes before and after; null where it is not. */
  sizeBefore: number | null;
  sizeAfter: number | null;
  modeBefore: number | null;
  modeAfter: number | null;
}

export interface Comparison {
  from: number;
  /** null: the live workspace. */
  to: number | null;
  changes: Difference[];
  /** Offset of the next page; null at the end. */
  next: number | null;
  total: number;
}

/** A run of lines that differ, with those around it; as in a unified diff. */
export interface Hunk {
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  /** Each begins with ' ', '-' or '+'. */
  lines: string[];
}

export type FileComparison =
  | { kind: 'same' }
  | { kind: 'text'; hunks: Hunk[] }
  /** Not text, or too large or too different to be compared by lines. */
  | { kind: 'binary'; sizeBefore: number | null; sizeAfter: number | null };

/** A version in which a path became what it is there. */
export interface PathVersion {
  version: number;
  message: string;
  createdAt: string;
  change: 'added' | 'removed' | 'changed';
  size: number | null;
}
