import type { Raw } from '@rose/snapshot';

/** An entry of a zip that was checked. */
export interface ZipEntry {
  /** Path below the zip's root, without a slash at the end. */
  path: Raw;
  /** The name as yauzl, and so extract-zip, reads it; may differ where control characters are. */
  yauzlName: string;
  kind: 'file' | 'directory' | 'symlink';
  /** 9 permission bits: a zip gives nobody setuid. */
  mode: number;
  /** Seconds since 1970; zips are not more precise. */
  mtimeSeconds: number;
  size: number;
  compressedSize: number;
  crc32: number;
  method: 'stored' | 'deflate';
  /** Offset of the local header. */
  offset: number;
  /** Bytes of the name as they are in both headers. */
  rawName: Buffer;
  /** Target of a symlink; '' until it was read. */
  target: Raw;
}

/** A zip that keeps all rules. */
export interface InspectedZip {
  /** Sorted by path, so parents come before their content. */
  entries: ZipEntry[];
  /** Bytes of all unpacked files. */
  bytes: number;
  /** Entries below `__MACOSX/`, which are checked but not unpacked. */
  ignored: number;
}
