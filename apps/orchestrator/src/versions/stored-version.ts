import type { SkippedPath } from '@rose/contract';
import { toText, type ObjectId, type Raw } from '@rose/snapshot';

/** A version as the services use it. */
export interface StoredVersion {
  number: number;
  root: ObjectId;
  rootMtimeNs: bigint;
  files: number;
  logicalBytes: number;
  storedBytes: number;
  changed: string[];
  skipped: SkippedPath[];
  durationMs: number;
}

/** What of a row makes a StoredVersion. */
export interface StoredVersionRow {
  number: number;
  rootTree: Uint8Array;
  rootMtimeNs: bigint;
  files: number;
  logicalBytes: bigint;
  storedBytes: bigint;
  /** string[] of raw paths: jsonb takes no lone surrogate, which stands for a byte outside UTF-8. */
  changedDuringSave: unknown;
  /** { path, reason }[], likewise. */
  skipped: unknown;
  durationMs: number;
}

export function storedVersion(row: StoredVersionRow): StoredVersion {
  const { number, rootMtimeNs, files, durationMs } = row;
  return {
    number,
    root: rootOf(row),
    rootMtimeNs,
    files,
    logicalBytes: Number(row.logicalBytes),
    storedBytes: Number(row.storedBytes),
    changed: (row.changedDuringSave as Raw[]).map(toText),
    skipped: (row.skipped as { path: Raw; reason: string }[]).map(({ path, reason }) => ({
      path: toText(path),
      reason,
    })),
    durationMs,
  };
}

export function rootOf({ rootTree }: Pick<StoredVersionRow, 'rootTree'>): ObjectId {
  return Buffer.from(rootTree).toString('hex') as ObjectId;
}
