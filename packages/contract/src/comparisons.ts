import { z } from 'zod';
import { projectIdSchema } from './projects.ts';
import { pageFields, versionNumberSchema, workspacePathSchema, type EntryKind } from './versions.ts';

const sides = {
  projectId: projectIdSchema,
  from: versionNumberSchema,
  /** Missing: the live workspace. */
  to: versionNumberSchema.optional(),
};

export const diffInput = z.strictObject({ ...sides, ...pageFields });
export const fileDiffInput = z.strictObject({ ...sides, path: workspacePathSchema });
export const historyInput = z.strictObject({
  projectId: projectIdSchema,
  path: workspacePathSchema,
  /** Version after which the page begins. */
  after: versionNumberSchema.optional(),
  limit: z.number().int().min(1).max(1000).default(100),
});

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

/** One page of the versions in which a path changed, oldest first. */
export interface PathHistory {
  versions: PathVersion[];
  /** `after` of the next page; null at the end. */
  next: number | null;
}

/** A version in which a path became what it is there. */
export interface PathVersion {
  version: number;
  message: string;
  createdAt: string;
  change: 'added' | 'removed' | 'changed';
  size: number | null;
}
