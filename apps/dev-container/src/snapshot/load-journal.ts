import fs from 'node:fs';
import type { LoadBegin, LoadOperation } from '@rose/snapshot';
import {
  removeTree,
  openRoot,
  close,
  openDirectory,
  makeDirectory,
  rename,
  statAt,
  syncFileSystem,
  type Fd,
} from '@rose/snapshot/disk';
import type { Chunk, Raw } from '@rose/snapshot';

/** What was at a path when the plan was made; null for nothing. */
export interface Expected {
  kind: 'file' | 'symlink' | 'directory';
  inode: number;
  size: number;
  mode: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  ctimeSeconds: number;
  ctimeNanoseconds: number;
  /** Only for a file whose stamps cannot tell: compare the bytes too. */
  chunks: Chunk[] | null;
}

export interface PlannedOperation {
  operation: LoadOperation;
  expected: Expected | null;
  /** Chunks of a written file, in order. */
  chunks: Chunk[];
}

type Line =
  | { line: 'begin'; begin: LoadBegin; bootId: string }
  | { line: 'operation'; planned: PlannedOperation }
  | { line: 'staged'; operations: number }
  | { line: 'conflict'; index: number }
  | { line: 'applied' }
  | { line: 'settled' };

export interface JournalState {
  begin: LoadBegin;
  operations: PlannedOperation[];
  conflicts: Set<number>;
  phase: 'staging' | 'staged' | 'applied' | 'settled';
  /** The machine was started anew since: what was written then may not have reached the disk. */
  hasRebooted: boolean;
}

const names = { load: 'load' as Raw, discarded: 'load-discarded' as Raw, stage: 'stage' as Raw, aside: 'aside' as Raw };

/**
 * The one load that runs, as a folder: `journal` (JSON lines), `stage/N` (what operation N
 * brings) and `aside/N` (what it replaced). Before the line `staged` is on the medium nothing
 * of the workspace has been touched; after it the load is finished, whatever happens. Where
 * an operation stands is read off the presence of stage/N and aside/N. The journal is synced at
 * each of its steps; the files are synced after the load has answered (`settled`), since a killed
 * process loses nothing that it wrote. After a power cut before that, load-verify.ts looks at
 * every file of the load.
 */
export class LoadFolder implements Disposable {
  readonly #folder: Fd;
  readonly stage: Fd;
  readonly aside: Fd;
  readonly #journal: number;
  #pending: string[] = [];

  private constructor(home: Fd, flags: 'a') {
    this.#folder = openDirectory(home, names.load);
    this.stage = openDirectory(this.#folder, names.stage);
    this.aside = openDirectory(this.#folder, names.aside);
    this.#journal = fs.openSync(`/proc/self/fd/${this.#folder}/journal`, flags, 0o600);
  }

  /** Throws away the folder of an earlier load and begins a new one. `home` is the `.rose` directory. */
  static begin(home: Fd, begin: LoadBegin): LoadFolder {
    LoadFolder.discardAt(home);
    makeDirectory(home, names.load);
    const folder = openDirectory(home, names.load);
    try {
      makeDirectory(folder, names.stage);
      makeDirectory(folder, names.aside);
    } finally {
      close(folder);
    }
    const journal = new LoadFolder(home, 'a');
    journal.#write({ line: 'begin', begin, bootId: bootId() });
    return journal;
  }

  /**
   * What an earlier process left, null when there is nothing or no whole first line.
   * @throws Error when there is a journal that cannot be read: what it says must not be thrown away then.
   */
  static read(homePath: string): JournalState | null {
    let journal: number;
    try {
      journal = fs.openSync(`${homePath}/load/journal`, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    try {
      return parseJournal(wholeLines(journal));
    } finally {
      close(journal);
    }
  }

  static open(homePath: string): LoadFolder {
    return withHome(homePath, (home) => new LoadFolder(home, 'a'));
  }

  /** Undoes a load that was not committed. */
  static discard(homePath: string): void {
    withHome(homePath, (home) => LoadFolder.discardAt(home));
  }

  /** As one step: half a folder must never be taken for a load. */
  static discardAt(home: Fd): void {
    removeTree(home, names.discarded);
    if (statAt(home, names.load) === null) return;
    rename(home, names.load, home, names.discarded, { replace: false });
    removeTree(home, names.discarded);
  }

  plan(planned: PlannedOperation): void {
    this.#write({ line: 'operation', planned });
  }

  /** From here on the load will be finished. */
  commit(operations: number): void {
    this.#write({ line: 'staged', operations });
    this.sync();
  }

  conflict(index: number): void {
    this.#write({ line: 'conflict', index });
    this.sync();
  }

  finish(): void {
    this.#write({ line: 'applied' });
    this.sync();
  }

  /** Resolves when all that the load wrote is on the medium and the journal says so. */
  async settle(): Promise<void> {
    await syncFileSystem(this.#folder);
    this.#write({ line: 'settled' });
    this.sync();
  }

  sync(): void {
    this.#flush();
    fs.fsyncSync(this.#journal);
  }

  /** Frees the space of what was replaced; the journal stays as the record of the outcome. */
  clean(): void {
    removeTree(this.#folder, names.stage);
    removeTree(this.#folder, names.aside);
  }

  [Symbol.dispose](): void {
    for (const fd of [this.#journal, this.stage, this.aside, this.#folder]) close(fd);
  }

  #write(line: Line): void {
    this.#pending.push(JSON.stringify(line) + '\n');
    if (this.#pending.length >= 256) this.#flush();
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    const lines = this.#pending.join('');
    this.#pending = [];
    fs.writeFileSync(this.#journal, lines);
  }
}

function withHome<T>(homePath: string, deed: (home: Fd) => T): T {
  const home = openRoot(homePath);
  try {
    return deed(home);
  } finally {
    close(home);
  }
}

/** Another one after every start of the machine. */
function bootId(): string {
  return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

const PIECE_BYTES = 1024 * 1024;

/** A journal may be longer than a string can be. A last line that was cut by a crash does not count. */
function* wholeLines(journal: number): Generator<string> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let pending: Buffer[] = [];
  for (;;) {
    const length = fs.readSync(journal, piece, 0, piece.length, null);
    if (length === 0) return;
    const bytes = Buffer.from(piece.subarray(0, length));
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end > 0) {
      yield* Buffer.concat([...pending, bytes.subarray(0, end - 1)])
        .toString('utf8')
        .split('\n');
      pending = [];
    }
    pending.push(bytes.subarray(end));
  }
}

function parseJournal(lines: Iterable<string>): JournalState | null {
  let state: JournalState | null = null;
  for (const text of lines) {
    const line = JSON.parse(text) as Line;
    if (line.line === 'begin')
      state = {
        begin: line.begin,
        operations: [],
        conflicts: new Set(),
        phase: 'staging',
        hasRebooted: line.bootId !== bootId(),
      };
    else if (state === null) return null;
    else if (line.line === 'operation') state.operations.push(line.planned);
    else if (line.line === 'conflict') state.conflicts.add(line.index);
    else state.phase = line.line;
  }
  return state;
}
