import { closeSync, constants, fsyncSync, readFileSync, writeFileSync } from 'node:fs';
import { parentOf, type Raw } from '@rose/snapshot';
import {
  close,
  DirectoryCursor,
  makeDirectory,
  openAt,
  openDirectory,
  removeFile,
  rename,
  statAt,
  type Fd,
} from '@rose/snapshot/disk';
import { planMerge, type MergeStep } from './merge-plan.ts';

const JOURNAL = 'journal' as Raw;
const TREE = 'tree' as Raw;
const ASIDE = 'aside' as Raw;

/**
 * Moves the staged `tree/` into a directory of the workspace, all or nothing. Each step is a
 * rename, so where a killed merge stood can be seen from what is where; the journal, there as
 * long as a merge is under way, says which renames it was.
 * @param stage open staging directory with `tree/`
 * @param path of `target` in the workspace, for the journal
 * @throws RoseError CONFLICT; whatever fails, all is as it was
 */
export function mergeTree(stage: Fd, target: Fd, path: Raw): void {
  const tree = openDirectory(stage, TREE);
  try {
    const steps = planMerge(tree, target);
    makeDirectory(stage, ASIDE);
    writeJournal(stage, { path, steps });
    try {
      withAside(stage, (aside) => apply(steps, tree, aside, target));
    } catch (error) {
      undoMerge(stage, target, steps);
      throw error;
    }
    removeFile(stage, JOURNAL);
  } finally {
    close(tree);
  }
}

function apply(steps: MergeStep[], tree: Fd, aside: Fd, target: Fd): void {
  using sources = new DirectoryCursor(tree);
  using targets = new DirectoryCursor(target);
  for (const [index, { path, replaces }] of steps.entries()) {
    const { directory, name } = parentOf(path);
    const to = targets.at(directory);
    if (replaces) rename(to, name, aside, asideName(index), { replace: false });
    rename(sources.at(directory), name, to, name, { replace: false });
  }
}

/** Takes back the steps that were done, last first; can be done again when it was cut short. */
export function undoMerge(stage: Fd, target: Fd, steps: MergeStep[]): void {
  const tree = openDirectory(stage, TREE);
  try {
    withAside(stage, (aside) => {
      using sources = new DirectoryCursor(tree);
      using targets = new DirectoryCursor(target);
      for (const [index, { path }] of [...steps.entries()].toReversed()) {
        const { directory, name } = parentOf(path);
        const [from, to] = [sources.at(directory), targets.at(directory)];
        const movedIn = statAt(from, name) === null && statAt(to, name) !== null;
        if (movedIn) rename(to, name, from, name, { replace: false });
        if (statAt(aside, asideName(index)) !== null) rename(aside, asideName(index), to, name, { replace: false });
      }
    });
  } finally {
    close(tree);
  }
  removeFile(stage, JOURNAL);
}

export interface MergeJournal {
  path: Raw;
  steps: MergeStep[];
}

/** The journal of a merge that did not end, null when there is none. */
export function readJournal(stage: Fd): MergeJournal | null {
  if (statAt(stage, JOURNAL)?.kind !== 'file') return null;
  const fd = openAt(stage, JOURNAL, constants.O_RDONLY);
  try {
    return JSON.parse(readFileSync(fd, 'latin1')) as MergeJournal;
  } catch {
    // It was cut while it was written, before the first step.
    return null;
  } finally {
    closeSync(fd);
  }
}

function writeJournal(stage: Fd, journal: MergeJournal): void {
  const fd = openAt(stage, JOURNAL, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
  try {
    writeFileSync(fd, JSON.stringify(journal), 'latin1');
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function withAside(stage: Fd, deed: (aside: Fd) => void): void {
  const aside = openDirectory(stage, ASIDE);
  try {
    deed(aside);
  } finally {
    close(aside);
  }
}

const asideName = (index: number): Raw => String(index) as Raw;
