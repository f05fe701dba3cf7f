/** Bounds of the object format (docs/store.md §6). Readers refuse what is over them. */

/** Plain bytes of one object. */
export const MAX_OBJECT_BYTES = 4 * 1024 * 1024;
/** A tree encoding or file over this is cut into chunks. */
export const MAX_TREE_BYTES = 1024 * 1024;
/** Chunks named in a tree entry itself; a longer list is an object of its own. */
export const MAX_INLINE_CHUNKS = 8;
export const MAX_NAME_BYTES = 255;
/** Linux: PATH_MAX. */
export const MAX_LINK_BYTES = 4095;

/** Limits of a whole version. */
export interface VersionLimits {
  /** Files, directories and symlinks. */
  entries: number;
  bytes: number;
  depth: number;
}

export const DEFAULT_VERSION_LIMITS: VersionLimits = { entries: 5_000_000, bytes: 2 ** 40, depth: 1000 };
