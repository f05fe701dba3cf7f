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

/** A name in a directory, or '' for none. */
const entryNameSchema = z
  .string()
  .max(1024)
  .refine((name) => !/[/\0]/.test(name), 'A name has neither / nor NUL.');

/** The page of a list: how many to leave out from the beginning, and how many to tell. */
export const pageFields = {
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(10_000).default(1000),
};

const load = {
  projectId: projectIdSchema,
  /** Missing: the active version. */
  version: versionNumberSchema.optional(),
  /** A version of another project instead, of which single paths are loaded. Missing `version`: its active one. */
  from: z.strictObject({ projectId: projectIdSchema, version: versionNumberSchema.optional() }).optional(),
  /** Only these files or directories; the active version stays. */
  paths: z.array(workspacePathSchema).max(10_000).optional(),
  /** Do not keep the live state, not even as a checkpoint. */
  discard: z.boolean().default(false),
};

export const loadInput = z.strictObject(load).superRefine(checkSource);
export const planInput = z.strictObject({ ...load, ...pageFields }).superRefine(checkSource);

function checkSource({ from, version, paths }: LoadSource, context: z.RefinementCtx) {
  if (from === undefined) return;
  const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (version !== undefined) refuse('version', 'The version is named once: here, or in "from".');
  if (paths === undefined || paths.length === 0)
    refuse('paths', 'Of another project only paths that are named can be loaded.');
}

interface LoadSource {
  version?: number | undefined;
  from?: object | undefined;
  paths?: readonly string[] | undefined;
}

/** The newest versions, or the newest before one. */
export const listVersionsInput = z.strictObject({
  projectId: projectIdSchema,
  before: versionNumberSchema.optional(),
  limit: z.number().int().min(1).max(1000).default(1000),
});
export const statusInput = z.strictObject({ projectId: projectIdSchema, ...pageFields });
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
  /** Name after which the page begins; '' = the beginning. */
  cursor: entryNameSchema.default(''),
  limit: z.number().int().min(1).max(5000).default(1000),
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

/** How true a version is to what was in the workspace. */
export interface Consistency {
  /** Hex SHA-256 of the root tree object. */
  rootTree: string;
  /** Paths that changed while they were read, and were saved as read. */
  changedDuringSave: string[];
  skipped: SkippedPath[];
  /** By the orchestrator's clock. */
  durationMs: number;
}

export interface VersionDetails extends Version, Consistency {}

export interface SaveResult extends Consistency {
  version: number;
  files: number;
  logicalBytes: number;
  storedBytes: number;
  /** Files that a full save found changed though size, times and inode were not. */
  mismatched: string[];
}

export interface LoadPlan {
  version: number;
  written: number;
  removed: number;
  kept: number;
  /** Bytes of the files that would be written. */
  bytes: number;
  conflicts: string[];
  /** One page of them; `written` and `removed` count all. */
  paths: { path: string; action: 'write' | 'remove' }[];
  /** Offset of the next page; null at the end. */
  next: number | null;
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

/** One page of a directory, by the bytes of the names. */
export interface DirectoryPage {
  entries: DirectoryEntry[];
  /** `cursor` of the next page; null on the last. */
  next: string | null;
}

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
  /** One page of them. */
  changes: Difference[];
  /** Offset of the next page; null at the end. */
  next: number | null;
  total: number;
}

/** How far a running save or load is, or a fork by somebody else. */
export interface DeedProgress {
  deed: 'save' | 'load' | 'fork';
  phase: 'reading' | 'sending' | 'applying' | 'copying';
  /** Of a fork, stored objects. */
  files: number;
  /** Of how many; null while unknown. */
  filesTotal: number | null;
  bytes: number;
  bytesTotal: number | null;
}
