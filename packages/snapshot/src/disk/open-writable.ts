import { chmodSync, constants } from 'node:fs';
import type { Raw } from '../raw.ts';
import { close, openAt, openDirectory, type Fd } from './libc.ts';

const O_PATH = 0o10000000;

/**
 * Opens a directory that is to be emptied or moved, after making it ours to change: its mode
 * may forbid that, as those of Go's module cache do. The caller closes it.
 * @throws DiskError
 */
export function openWritable(parent: Fd, name: Raw): Fd {
  const handle = openAt(parent, name, O_PATH | constants.O_DIRECTORY);
  try {
    chmodSync(`/proc/self/fd/${handle}`, 0o700);
    return openDirectory(handle, '.' as Raw);
  } finally {
    close(handle);
  }
}
