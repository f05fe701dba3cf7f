import { constants, fchmodSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { fromText, joinRaw, parentOf, splitRaw, type Raw } from '@rose/snapshot';
import {
  close,
  DirectoryCursor,
  makeDirectory,
  makeSymlink,
  openAt,
  openDirectory,
  openRoot,
  rename,
  setMtime,
  setMtimeFd,
  statAt,
  type Fd,
} from '@rose/snapshot/disk';
import type { ZipEntry } from './zip-entry.ts';

/** Entries handled before other calls get their turn. */
const SLICE = 200;
const DIRECTORY_MODE = 0o755;

/**
 * Makes the tree of a zip from what was unpacked: right names (yauzl reads some differently),
 * links, modes and mtimes. Directories that no entry names are made.
 * @param packed where extract-zip wrote, links as plain files
 */
export async function assembleTree(
  packed: string,
  dir: string,
  entries: ZipEntry[],
  signal: AbortSignal,
): Promise<void> {
  const from = openRoot(packed);
  const to = openRoot(dir);
  try {
    using sources = new DirectoryCursor(from);
    using targets = new DirectoryCursor(to);
    const made = new Set<Raw>(['' as Raw]);
    for (const [index, entry] of entries.entries()) {
      if (index % SLICE === 0) await setImmediate(undefined, { signal });
      const { directory, name } = parentOf(entry.path);
      makeDirectories(to, entry.kind === 'directory' ? entry.path : directory, made);
      if (entry.kind === 'directory') continue;
      const target = targets.at(directory);
      if (entry.kind === 'symlink') placeLink(entry, target, name);
      else placeFile(entry, sources, target, name);
    }
  } finally {
    close(from);
    close(to);
  }
}

/** Gives directories their modes and mtimes; the last step, as any change in them undoes it. */
export async function finishDirectories(root: Fd, entries: ZipEntry[]): Promise<void> {
  for (const [index, entry] of entries.toReversed().entries()) {
    if (index % SLICE === 0) await setImmediate();
    if (entry.kind !== 'directory') continue;
    using parents = new DirectoryCursor(root);
    const { directory, name } = parentOf(entry.path);
    const fd = openDirectory(parents.at(directory), name);
    try {
      fchmodSync(fd, entry.mode);
      setMtimeFd(fd, mtimeOf(entry));
    } finally {
      close(fd);
    }
  }
}

function makeDirectories(root: Fd, path: Raw, made: Set<Raw>): void {
  if (made.has(path)) return;
  let walked = '' as Raw;
  for (const name of splitRaw(path)) {
    using parents = new DirectoryCursor(root);
    const parent = parents.at(walked);
    walked = joinRaw(walked, name);
    if (made.has(walked)) continue;
    makeDirectory(parent, name, DIRECTORY_MODE);
    made.add(walked);
  }
}

function placeLink(entry: ZipEntry, parent: Fd, name: Raw): void {
  makeSymlink(entry.target, parent, name);
  setMtime(parent, name, mtimeOf(entry));
}

function placeFile(entry: ZipEntry, sources: DirectoryCursor, parent: Fd, name: Raw): void {
  const source = parentOf(fromText(entry.yauzlName));
  const from = sources.at(source.directory);
  const fd = openAt(from, source.name, constants.O_RDONLY);
  try {
    if (statAt(from, source.name)?.size !== entry.size) throw new Error('extract-zip wrote another size');
    rename(from, source.name, parent, name, { replace: false });
    fchmodSync(fd, entry.mode);
    setMtimeFd(fd, mtimeOf(entry));
  } finally {
    close(fd);
  }
}

function mtimeOf({ mtimeSeconds }: ZipEntry): { mtimeSeconds: number; mtimeNanoseconds: number } {
  return { mtimeSeconds, mtimeNanoseconds: 0 };
}
