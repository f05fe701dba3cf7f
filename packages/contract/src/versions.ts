import { z } from 'zod';
import type { Difference } from './comparisons.ts';
import { projectIdSchema } from './projects.ts';
import { storable } from './text.ts';

export const versionNumberSchema = z.number().int().min(1, 'Versions are numbered from 1.').max(2_147_483_647);
export const messageSchema = storable(z.string().max(10_000, 'A message has at most 10,000 characters.'));

export const saveInput = z.strictObject({
  projectId: projectIdSchema,
  message: messageSchema.default(''),
  /** Ignore the stat cache: read and hash every file. */
  full: z.boolean().default(false),
  /** A retry with the same id returns the same version. */
  requestId: z.uuid().optional(),
});

/** A path in a workspace: relative, `/` between names, a byte outside UTF-8 as U+DC00+byte. */
export const workspacePathSchema = z
  .string()
  .max(65_536)
  .refine((path) => !path.includes('\0'), 'A path has no NUL.')
  .refine((path) => !path.startsWith('/'), 'A path is relative to the workspace: no leading /.')
  .refine((path) => !path.split('/').includes('..'), 'A path has no component "..".')
  .transform((path) =>
    path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/'),
  );

export const loadInput = z.strictObject({
  projectId: projectIdSchema,
  /** Missing: the active version. */
  version: versionNumberSchema.optional(),
  /** Only these files or directories; the active version stays. */
  paths: z.array(workspacePathSchema).max(10_000).optional(),
  /** Do not keep the live state, not even as a checkpoint. */
  discard: z.boolean().default(false),
});
export const versionInput = z.strictObject({ projectId: projectIdSchema, version: versionNumberSchema });
export const pinInput = z.strictObject({
  projectId: projectIdSchema,
  version: versionNumberSchema,
  pinned: z.boolean().default(true),
});
export const readTreeInput = z.strictObject({
  projectId: projectIdSchema,
  version: versionNumberSchema,
  path: workspacePathSchema.default(''),
});

export const VERSION_KINDS = ['manual', 'auto-save', 'before-load', 'on-stop', 'recovered', 'import', 'fork'] as const;
export type VersionKind = (typeof VERSION_KINDS)[number];

export interface Version {
  version: number;
  message: string;
  kind: VersionKind;
  /** E-mail; null for checkpoints and for accounts that are gone. */
  author: string | null;
  /** ISO 8601. */
  createdAt: string;
  active: boolean;
  pinned: boolean;
  files: number;
  logicalBytes: number;
  storedBytes: number;
}

/** A path that a version could not hold. */
export interface SkippedPath {
  path: string;
  reason: string;
}

export interface SaveResult {
  version: number;
  /** Hex SHA-256 of the root tree object. */
  rootTree: string;
  files: number;
  logicalBytes: number;
  storedBytes: number;
  changedDuringSave: string[];
  skipped: SkippedPath[];
  /** Files that a full save found changed though size, times and inode were not. */
  mismatched: string[];
  durationMs: number;
}

export interface LoadPlan {
  version: number;
  written: number;
  removed: number;
  kept: number;
  /** Bytes of the files that would be written. */
  bytes: number;
  conflicts: string[];
  paths: { path: string; action: 'write' | 'remove' }[];
}

export interface LoadResult {
  loadId: string;
  version: number;
  /** The version made of unsaved work before the load; null when there was none. */
  checkpoint: number | null;
  written: number;
  removed: number;
  kept: number;
  bytes: number;
  conflicts: string[];
}

export type EntryKind = 'file' | 'directory' | 'symlink';

/** One entry of a directory listing, live or of a version. */
export interface DirectoryEntry {
  name: string;
  kind: EntryKind | 'other';
  /** 12 permission bits. */
  mode: number;
  size: number;
  mtimeNs: string;
}

export interface WorkspaceStatus {
  /** The version that the changes are counted from; null for a project without versions. */
  base: number | null;
  changes: Difference[];
}

/** How far a running save or load is. */
export interface DeedProgress {
  deed: 'save' | 'load';
  phase: 'reading' | 'sending' | 'applying';
  files: number;
  /** Of how many; null while unknown. */
  filesTotal: number | null;
  bytes: number;
  bytesTotal: number | null;
}
