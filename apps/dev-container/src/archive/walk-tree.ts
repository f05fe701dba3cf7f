import { RoseError } from '@rose/contract';
import { joinRaw, type Raw } from '@rose/snapshot';
import { close, listNames, openDirectory, statAt, type Fd, type Stat } from '@rose/snapshot/disk';
import { diskCode, quote } from '../files/disk-failures.ts';

/** Each level holds a descriptor open. */
const MAX_DEPTH = 500;

export interface WalkedEntry {
  /** Below the directory that is walked. */
  path: Raw;
  name: Raw;
  /** Open until the next entry is asked for. */
  parent: Fd;
  stat: Stat;
}

/**
 * All entries below a directory, parents first, sorted by name; never through a link. What
 * vanishes meanwhile is left out.
 * @throws RoseError LIMIT_EXCEEDED for a tree that is too deep
 */
export function* walkTree(directory: Fd, at = '' as Raw, depth = 1): Generator<WalkedEntry> {
  if (depth > MAX_DEPTH) {
    const details = { limit: 'depth', value: depth, allowed: MAX_DEPTH };
    throw new RoseError('LIMIT_EXCEEDED', `${quote(at)} lies more than ${MAX_DEPTH} directories deep.`, details);
  }
  for (const name of listNames(directory).toSorted()) {
    const stat = statAt(directory, name);
    if (stat === null) continue;
    const path = joinRaw(at, name);
    yield { path, name, parent: directory, stat };
    if (stat.kind === 'directory') yield* walkBelow(directory, name, path, depth + 1);
  }
}

function* walkBelow(parent: Fd, name: Raw, path: Raw, depth: number): Generator<WalkedEntry> {
  let below: Fd;
  try {
    below = openDirectory(parent, name);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(diskCode(error) ?? '')) return;
    throw error;
  }
  try {
    yield* walkTree(below, path, depth);
  } finally {
    close(below);
  }
}
