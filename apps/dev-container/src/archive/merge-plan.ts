import { RoseError } from '@rose/contract';
import { joinRaw, type Raw } from '@rose/snapshot';
import { close, listNames, openDirectory, statAt, type Fd } from '@rose/snapshot/disk';
import { quote } from '../files/disk-failures.ts';

/** One rename out of the staging directory. */
export interface MergeStep {
  /** Below the staged tree, and below the target. */
  path: Raw;
  /** A file or link is there and goes aside first. */
  replaces: boolean;
}

/**
 * What to rename so that a staged tree merges into a directory: directories that are there
 * stay, files and links are replaced, what is missing moves in as a whole.
 * @throws RoseError CONFLICT where one side has a directory and the other does not
 */
export function planMerge(staged: Fd, target: Fd, at = '' as Raw): MergeStep[] {
  const steps: MergeStep[] = [];
  for (const name of listNames(staged).toSorted()) {
    const path = joinRaw(at, name);
    const theirs = statAt(target, name);
    const isDirectory = statAt(staged, name)?.kind === 'directory';
    if (theirs === null) {
      steps.push({ path, replaces: false });
    } else if (isDirectory && theirs.kind === 'directory') {
      steps.push(...planBelow(staged, target, name, path));
    } else if (!isDirectory && (theirs.kind === 'file' || theirs.kind === 'symlink')) {
      steps.push({ path, replaces: true });
    } else {
      const [there, zip] = [theirs.kind === 'other' ? 'special file' : theirs.kind, isDirectory ? 'directory' : 'file'];
      throw new RoseError(
        'CONFLICT',
        `${quote(path)} is a ${there} here and a ${zip} in the zip; nothing was changed.`,
      );
    }
  }
  return steps;
}

function planBelow(staged: Fd, target: Fd, name: Raw, path: Raw): MergeStep[] {
  const below = openDirectory(staged, name);
  try {
    const theirs = openDirectory(target, name);
    try {
      return planMerge(below, theirs, path);
    } finally {
      close(theirs);
    }
  } finally {
    close(below);
  }
}
