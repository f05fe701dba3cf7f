import fs from 'node:fs';
import { fromText, parentOf, parseMtimeNs, type Raw } from '@rose/snapshot';
import {
  close,
  DirectoryCursor,
  DiskError,
  isGone,
  makeDirectory,
  openAt,
  openDirectory,
  removeDirectory,
  rename,
  setMtime,
  setMtimeFd,
  statAt,
  statFd,
  type Fd,
  type Stat,
} from '@rose/snapshot/disk';
import type { LoadOperation } from '@rose/snapshot';
import type { Expected, LoadFolder, PlannedOperation } from './load-journal.ts';
import { holdsChunks } from './load-verify.ts';

/** Done, or not done because the path is not what the plan was made from. */
type Outcome = 'done' | 'conflict';

/**
 * Carries out staged operations in order. Every one can be repeated: after a crash the same
 * call finishes what an earlier one began.
 */
export class LoadApplier {
  readonly #root: Fd;
  readonly #folder: LoadFolder;
  readonly #conflicts: Set<number>;

  constructor(root: Fd, folder: LoadFolder, conflicts: Set<number>) {
    this.#root = root;
    this.#folder = folder;
    this.#conflicts = conflicts;
  }

  /** @returns the indices of operations that were not done. */
  apply(operations: readonly PlannedOperation[], progress: (done: number) => void): Set<number> {
    using cursor = new DirectoryCursor(this.#root);
    for (const [index, planned] of operations.entries()) {
      if (!this.#conflicts.has(index) && this.#one(cursor, index, planned) === 'conflict') {
        this.#conflicts.add(index);
        this.#folder.conflict(index);
      }
      if (index % 500 === 0) progress(index);
    }
    return this.#conflicts;
  }

  #one(cursor: DirectoryCursor, index: number, { operation, expected }: PlannedOperation): Outcome {
    const { directory, name } = parentOf(fromText(operation.path));
    const deed = (parent: Fd): Outcome => {
      switch (operation.op) {
        case 'directory':
          return ensureDirectory(parent, name);
        case 'attributes':
          return setAttributes(parent, name, operation, expected);
        case 'remove':
          return operation.kind === 'directory'
            ? dropDirectory(parent, name)
            : this.#takeAside(parent, name, index, expected);
        case 'write':
          return this.#write(parent, name, index, expected);
      }
    };
    try {
      return withWriteAccess(cursor.at(directory), deed);
    } catch (error) {
      if (error instanceof DiskError && isForeign(error))
        return operation.op === 'remove' && isGone(error) ? 'done' : 'conflict';
      throw error;
    }
  }

  #write(parent: Fd, name: Raw, index: number, expected: Expected | null): Outcome {
    const { stage } = this.#folder;
    const staged = String(index) as Raw;
    if (expected !== null) {
      if (statAt(stage, staged) === null) return 'done';
      if (this.#takeAside(parent, name, index, expected) === 'conflict') return 'conflict';
    }
    try {
      rename(stage, staged, parent, name, { replace: false });
    } catch (error) {
      // It was moved in before: whoever removed it since is right.
      if (!isGone(error)) throw error;
    }
    return 'done';
  }

  /** Moves what is at the path out of the way, unless it is not what was planned. */
  #takeAside(parent: Fd, name: Raw, index: number, expected: Expected | null): Outcome {
    const { aside } = this.#folder;
    const kept = String(index) as Raw;
    if (statAt(aside, kept) === null) {
      const current = statAt(parent, name);
      if (current === null || !isUntouched(current, expected)) return 'conflict';
      rename(parent, name, aside, kept, { replace: false });
    }
    // What a killed agent took is looked at too: it may not have come so far.
    const moved = statAt(aside, kept);
    if (moved !== null && isExpected(moved, expected) && hasExpectedBytes(aside, kept, expected)) return 'done';
    rename(aside, kept, parent, name, { replace: false });
    return 'conflict';
  }
}

/** Opens a read-only directory for the deed; the plan restores the mode of every directory that it touches. */
function withWriteAccess(parent: Fd, deed: (parent: Fd) => Outcome): Outcome {
  try {
    return deed(parent);
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'EACCES') throw error;
    fs.fchmodSync(parent, statFd(parent).mode | 0o700);
    return deed(parent);
  }
}

function ensureDirectory(parent: Fd, name: Raw): Outcome {
  try {
    makeDirectory(parent, name);
    return 'done';
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'EEXIST') throw error;
    return statAt(parent, name)?.kind === 'directory' ? 'done' : 'conflict';
  }
}

/** A directory that still holds something, which no version could hold or which is new, stays. */
function dropDirectory(parent: Fd, name: Raw): Outcome {
  try {
    removeDirectory(parent, name);
  } catch (error) {
    if (error instanceof DiskError && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')) return 'conflict';
    throw error;
  }
  return 'done';
}

type Attributes = Extract<LoadOperation, { op: 'attributes' }>;

function setAttributes(parent: Fd, name: Raw, { kind, mode, mtimeNs }: Attributes, expected: Expected | null): Outcome {
  const mtime = parseMtimeNs(mtimeNs);
  const isLeft = (stat: Stat | null): boolean =>
    stat !== null && (isUntouched(stat, expected) || isRepeated(stat, expected, { mode, ...mtime }));
  if (kind === 'symlink') {
    if (!isLeft(statAt(parent, name))) return 'conflict';
    setMtime(parent, name, mtime);
    return 'done';
  }
  const isRoot = name === '';
  const fd =
    kind === 'directory'
      ? openDirectory(parent, isRoot ? ('.' as Raw) : name)
      : openAt(parent, name, fs.constants.O_RDONLY);
  try {
    if (kind === 'file' && !isLeft(statFd(fd))) return 'conflict';
    if (!isRoot) fs.fchmodSync(fd, mode);
    setMtimeFd(fd, mtime);
    return 'done';
  } finally {
    close(fd);
  }
}

/** Whether nothing happened to it since the scan. Moving it changes its ctime: then `isExpected` is all that can be said. */
function isUntouched(stat: Stat, expected: Expected | null): boolean {
  const { ctimeSeconds, ctimeNanoseconds } = stat;
  return (
    isExpected(stat, expected) &&
    ctimeSeconds === expected?.ctimeSeconds &&
    ctimeNanoseconds === expected.ctimeNanoseconds
  );
}

function isExpected(stat: Stat, expected: Expected | null): boolean {
  return (
    expected !== null &&
    stat.kind === expected.kind &&
    stat.inode === expected.inode &&
    stat.size === expected.size &&
    stat.mode === expected.mode &&
    stat.mtimeSeconds === expected.mtimeSeconds &&
    stat.mtimeNanoseconds === expected.mtimeNanoseconds
  );
}

/** Whether this is what the plan saw, with some or all of the attributes that a killed agent has set already. */
function isRepeated(
  stat: Stat,
  expected: Expected | null,
  wanted: Pick<Stat, 'mode' | 'mtimeSeconds' | 'mtimeNanoseconds'>,
): boolean {
  if (expected === null) return false;
  const { mode, mtimeSeconds, mtimeNanoseconds } = expected;
  const hasTime = stat.mtimeSeconds === wanted.mtimeSeconds && stat.mtimeNanoseconds === wanted.mtimeNanoseconds;
  const before = { ...stat, mode: stat.mode === wanted.mode ? mode : stat.mode };
  return isExpected(hasTime ? { ...before, mtimeSeconds, mtimeNanoseconds } : before, expected);
}

function hasExpectedBytes(aside: Fd, name: Raw, expected: Expected | null): boolean {
  if (expected?.kind !== 'file' || expected.chunks === null) return true;
  const fd = openAt(aside, name, fs.constants.O_RDONLY);
  try {
    return holdsChunks(fd, expected.chunks);
  } finally {
    close(fd);
  }
}

/** Errors that say: somebody changed the tree beside us. */
function isForeign(error: DiskError): boolean {
  return ['EEXIST', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'EACCES', 'EPERM'].includes(error.code);
}
