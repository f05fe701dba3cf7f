import type { DiskAmounts } from '../drivers/runtime/runtime.ts';

const MIB = 1024 * 1024;
/** As many as an ext4 has for each MiB of the disk. */
export const FILES_PER_MIB = 64;
/** However small the limit is: one project's packages are that many. */
const LEAST_FILES = 100_000;

/** What a project's files may take at most. @param diskMiB its setting; 0: as much as there is, and so it is here */
export function diskLimits(diskMiB: number): DiskAmounts {
  const files = diskMiB === 0 ? 0 : Math.max(LEAST_FILES, diskMiB * FILES_PER_MIB);
  return { bytes: diskMiB * MIB, files };
}
