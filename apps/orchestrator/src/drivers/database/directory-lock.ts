import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync, writeSync, ftruncateSync } from 'node:fs';
import path from 'node:path';
import { RoseError } from '@rose/contract';

/**
 * Commands that take flock(2) on the descriptor 3 that they are given. The lock belongs to the
 * open file, not to the command: it stays when the command ends, until this process closes the
 * file or dies, however it dies.
 */
const LOCKERS: readonly [file: string, args: string[]][] = [
  ['flock', ['-n', '3']],
  // macOS has no flock(1), but perl.
  ['perl', ['-MFcntl=:flock', '-e', 'open(my $f, "+<&=", 3) or exit 2; exit(flock($f, LOCK_EX | LOCK_NB) ? 0 : 1)']],
];
const LOCKER_MS = 5000;

/** Root's embedded database runs as another user, who has to pass where no mount namespace can be had. */
const NEW_DIRECTORY_MODE = process.getuid?.() === 0 ? 0o711 : 0o700;

/**
 * Takes a directory for this process alone until the lock is disposed or the process dies; makes it,
 * closed to other users' eyes, if it is not there.
 * @throws RoseError BUSY when another process holds it.
 */
export function lockDirectory(directory: string): Disposable {
  mkdirSync(directory, { recursive: true, mode: NEW_DIRECTORY_MODE });
  const file = path.join(realpathSync(directory), 'lock');
  // Not truncated on opening: the content names the holder.
  const descriptor = openSync(file, 'a+', 0o600);
  try {
    if (!tryLock(descriptor)) throw heldByAnother(directory, file);
    ftruncateSync(descriptor);
    writeSync(descriptor, `${process.pid}\n`);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  let isOpen = true;
  return {
    [Symbol.dispose]: () => {
      if (isOpen) closeSync(descriptor);
      isOpen = false;
    },
  };
}

function tryLock(descriptor: number): boolean {
  for (const [file, args] of LOCKERS) {
    const run = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'pipe', descriptor], timeout: LOCKER_MS });
    if (run.error !== undefined && 'code' in run.error && run.error.code === 'ENOENT') continue;
    if (run.status === 0) return true;
    if (run.status === 1) return false;
    throw new Error(`${file} could not lock: ${run.error?.message ?? run.stderr.toString()}`);
  }
  throw new Error('Neither flock (util-linux) nor perl is installed; one of them is needed to lock a directory.');
}

function heldByAnother(directory: string, file: string): RoseError<'BUSY'> {
  const holder = readFileSync(file, 'utf8').trim();
  const who = /^\d+$/.test(holder) ? ` (process ${holder})` : '';
  return new RoseError(
    'BUSY',
    `Another RoSE${who} uses the data directory ${directory}. Stop it, or set ROSE_DATA_DIR to another directory.`,
  );
}
