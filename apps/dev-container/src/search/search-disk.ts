import fs from 'node:fs';
import { joinRaw, toText, type Raw } from '@rose/snapshot';
import {
  close,
  DiskError,
  isGone,
  listNames,
  openAt,
  openBeneath,
  statAt,
  statFd,
  type Fd,
  type Stat,
} from '@rose/snapshot/disk';
import type { Search } from '@rose/snapshot/search/thread';

interface FoundEntry {
  name: Raw;
  /** From the root, as text. */
  path: string;
  stat: Stat;
}

/** Files that are read together. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/**
 * Shows a search the tree below an open directory, never through a link. While patterns and globs
 * are at work nothing is open: a thread that is cut off then leaves nothing behind.
 */
export function searchDisk(search: Search, root: Fd): void {
  const pending = ['' as Raw];
  for (let at = pending.pop(); at !== undefined && !search.isOver; at = pending.pop()) {
    const entries = listEntries(search, root, at).filter(({ path }) => !search.excludes(path));
    if (search.mode === 'names') searchNames(search, entries);
    else searchFiles(search, root, at, entries);
    for (const { name, stat } of entries.toReversed()) if (stat.kind === 'directory') pending.push(joinRaw(at, name));
  }
}

function searchNames(search: Search, entries: readonly FoundEntry[]): void {
  for (const { path, stat } of entries) {
    if (search.isOver) return;
    search.name(path, stat.kind);
  }
}

function searchFiles(search: Search, root: Fd, at: Raw, entries: readonly FoundEntry[]): void {
  let window: FoundEntry[] = [];
  let bytes = 0;
  const searchWindow = (): void => {
    for (const { path, content } of readFiles(search, root, at, window)) {
      if (search.isOver) return;
      search.content(path, content);
    }
    window = [];
    bytes = 0;
  };
  for (const entry of entries) {
    if (search.isOver) return;
    if (entry.stat.kind !== 'file' || !search.wants(entry.path, entry.stat.size)) continue;
    window.push(entry);
    bytes += entry.stat.size;
    if (bytes >= WINDOW_BYTES) searchWindow();
  }
  searchWindow();
}

/** Sorted by the bytes of the names. */
function listEntries(search: Search, root: Fd, at: Raw): FoundEntry[] {
  const found: FoundEntry[] = [];
  within(search, root, at, (directory) => {
    for (const name of listNames(directory).toSorted()) {
      const stat = statAt(directory, name);
      if (stat !== null) found.push({ name, path: toText(joinRaw(at, name)), stat });
    }
  });
  return found;
}

function readFiles(search: Search, root: Fd, at: Raw, entries: FoundEntry[]): { path: string; content: Buffer }[] {
  const read: { path: string; content: Buffer }[] = [];
  if (entries.length === 0) return read;
  within(search, root, at, (directory) => {
    for (const { name, path, stat } of entries)
      skipping(search, () => {
        const content = readFile(directory, name, stat.size);
        if (content !== null) read.push({ path, content });
      });
  });
  return read;
}

/** At most `size` bytes, whatever the file grows to; null when it is no regular file any more. */
function readFile(parent: Fd, name: Raw, size: number): Buffer | null {
  const fd = openAt(parent, name, fs.constants.O_RDONLY);
  try {
    if (statFd(fd).kind !== 'file') return null;
    const buffer = Buffer.allocUnsafe(size);
    let length = 0;
    for (let count = -1; count !== 0; length += count)
      count = fs.readSync(fd, buffer, length, buffer.length - length, length);
    return buffer.subarray(0, length);
  } finally {
    close(fd);
  }
}

function within(search: Search, root: Fd, at: Raw, deed: (directory: Fd) => void): void {
  skipping(search, () => {
    const directory = openBeneath(root, at);
    try {
      deed(directory);
    } finally {
      close(directory);
    }
  });
}

/** What cannot be read is counted, what vanished is not. */
function skipping(search: Search, deed: () => void): void {
  try {
    deed();
  } catch (error) {
    if (!(error instanceof DiskError) && (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    if (!isGone(error)) search.count('unreadable');
  }
}
