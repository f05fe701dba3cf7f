import type {
  Account,
  DirectoryEntry,
  LoadPlan,
  LoadResult,
  Project,
  SaveResult,
  Version,
  VersionDetails,
} from '@rose/contract';

/** The JSON that other programs depend on: these keys and no others, whatever the API adds. */

export function accountJson({ id, email, name }: Account) {
  return { id, email, name };
}

export function projectJson(project: Project) {
  const { id, name, description, owner, role, state, runtime, activeVersion, createdAt } = project;
  return { id, name, description, owner, role, state, runtime, activeVersion, createdAt };
}

export function saveJson(result: SaveResult) {
  const { version, rootTree, files, logicalBytes, storedBytes, changedDuringSave, skipped, durationMs } = result;
  return { version, rootTree, files, logicalBytes, storedBytes, changedDuringSave, skipped, durationMs };
}

export function versionJson(row: Version) {
  const { version, message, kind, author, createdAt, active, files, logicalBytes, storedBytes } = row;
  return { version, message, kind, author, createdAt, active, files, logicalBytes, storedBytes };
}

/** No other program depends on this one: it is what the API tells. */
export function versionDetailsJson(details: VersionDetails) {
  const { pinned, rootTree, changedDuringSave, skipped, durationMs } = details;
  return { ...versionJson(details), pinned, rootTree, changedDuringSave, skipped, durationMs };
}

export function loadJson({ loadId, version, checkpoint, written, removed, kept, bytes, conflicts }: LoadResult) {
  return { loadId, version, checkpoint, written, removed, kept, bytes, conflicts };
}

/** A dry run makes neither a load nor a checkpoint. */
export function planJson({ version, written, removed, kept, bytes, conflicts, paths }: LoadPlan) {
  return { loadId: null, version, checkpoint: null, written, removed, kept, bytes, conflicts, paths };
}

export function entryJson({ name, kind, mode, size, mtimeNs }: DirectoryEntry) {
  return { name, kind, mode, size, mtimeNs };
}
