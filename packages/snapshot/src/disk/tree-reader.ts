import fs from 'node:fs';
import { encodeFrame, encodeJsonFrame } from '../frames.ts';
import { joinRaw, toText, type Raw } from '../raw.ts';
import { MAX_SKIPPED, TREE_FRAME, type StreamedEntry, type StreamTotals } from '../streams.ts';
import { mtimeNs } from '../tree.ts';
import { isGone } from './beneath.ts';
import {
  close,
  DiskError,
  listNames,
  openAt,
  openDirectory,
  readSymlink,
  statAt,
  statFd,
  type Fd,
  type Stat,
} from './libc.ts';

const BATCH_BYTES = 256 * 1024;
const PIECE_BYTES = 256 * 1024;

/**
 * The tree below an open directory as TREE_FRAMEs, in batches of about 256 KiB; the directory
 * itself comes first, with the path ''. A file that shrinks or grows meanwhile is sent as read.
 */
export function* readTree(root: Fd): Generator<Buffer, StreamTotals> {
  const reader = new TreeReader();
  yield* reader.batches(reader.directory(root, '' as Raw, statFd(root)));
  const { totals } = reader;
  yield encodeJsonFrame(TREE_FRAME.end, totals);
  return totals;
}

class TreeReader {
  readonly totals: StreamTotals = { files: 0, bytes: 0, skipped: [] };

  *batches(frames: Iterable<Buffer>): Generator<Buffer> {
    let batch: Buffer[] = [];
    let bytes = 0;
    for (const frame of frames) {
      batch.push(frame);
      bytes += frame.length;
      if (bytes < BATCH_BYTES) continue;
      yield Buffer.concat(batch);
      batch = [];
      bytes = 0;
    }
    if (bytes > 0) yield Buffer.concat(batch);
  }

  *directory(fd: Fd, path: Raw, stat: Stat): Generator<Buffer> {
    yield entryFrame({ ...attributesOf(path, stat), kind: 'directory' });
    for (const name of listNames(fd).toSorted()) {
      try {
        yield* this.#entry(fd, name, joinRaw(path, name));
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        if (!isGone(error)) this.#skip(path, name, `unreadable: ${error.code}`);
      }
    }
  }

  *#entry(parent: Fd, name: Raw, path: Raw): Generator<Buffer> {
    const stat = statAt(parent, name);
    if (stat === null) return;
    if (stat.kind === 'other') return this.#skip(path, '' as Raw, 'not a file, directory or link');
    if (stat.kind === 'symlink') {
      yield entryFrame({ ...attributesOf(path, stat), kind: 'symlink', target: toText(readSymlink(parent, name)) });
      return;
    }
    const fd = stat.kind === 'directory' ? openDirectory(parent, name) : openAt(parent, name, fs.constants.O_RDONLY);
    try {
      if (stat.kind === 'directory') yield* this.directory(fd, path, stat);
      else yield* this.#file(fd, path);
    } finally {
      close(fd);
    }
  }

  *#file(fd: Fd, path: Raw): Generator<Buffer> {
    const stat = statFd(fd);
    if (stat.kind !== 'file') return;
    yield entryFrame({ ...attributesOf(path, stat), kind: 'file', size: stat.size });
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, stat.size + 1));
    for (let position = 0; ;) {
      const length = fs.readSync(fd, piece, 0, piece.length, position);
      if (length === 0) break;
      yield encodeFrame(TREE_FRAME.data, piece.subarray(0, length));
      position += length;
      this.totals.bytes += length;
    }
    yield encodeFrame(TREE_FRAME.fileEnd);
    this.totals.files += 1;
  }

  #skip(path: Raw, name: Raw, reason: string): void {
    if (this.totals.skipped.length < MAX_SKIPPED)
      this.totals.skipped.push({ path: toText(name === '' ? path : joinRaw(path, name)), reason });
  }
}

function attributesOf(path: Raw, stat: Stat): { path: string; mode: number; mtimeNs: string } {
  return { path: toText(path), mode: stat.mode, mtimeNs: mtimeNs(stat) };
}

function entryFrame(entry: StreamedEntry): Buffer {
  return encodeJsonFrame(TREE_FRAME.entry, entry);
}
