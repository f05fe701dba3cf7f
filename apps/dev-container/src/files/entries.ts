import type { DirectoryEntry } from '@rose/contract';
import { toText, type Raw } from '@rose/snapshot';
import type { Stat } from '@rose/snapshot/disk';

/** An entry as the contract shows it. */
export function directoryEntry(name: Raw, stat: Stat): DirectoryEntry {
  return { name: toText(name), kind: stat.kind, mode: stat.mode, size: stat.size, mtimeNs: mtimeNs(stat) };
}

/** Nanoseconds since 1970, decimal; negative before. */
export function mtimeNs(stat: Stat): string {
  return (BigInt(stat.mtimeSeconds) * 1_000_000_000n + BigInt(stat.mtimeNanoseconds)).toString();
}
