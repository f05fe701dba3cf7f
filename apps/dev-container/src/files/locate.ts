import { RoseError } from '@rose/contract';
import { joinRaw, parentOf, rawFromBytes, splitRaw, toText, type Raw } from '@rose/snapshot';
import { close, openDirectory, readSymlink, statAt, type Fd } from '@rose/snapshot/disk';
import { refused } from '../failures.ts';
import { diskCode, fromDisk, onDisk, quote } from './disk-failures.ts';

const MAX_LINKS = 40;

/** An entry, there or not, by its open parent directory. */
export interface Location extends Disposable {
  parent: Fd;
  name: Raw;
  path: Raw;
}

/**
 * Opens a directory of the workspace one name at a time, never through a link, so neither a
 * name nor a rename in between leads out. The caller closes it.
 * @throws RoseError naming the component that is missing, a link, or no directory
 */
export function openDirectoryAt(root: Fd, path: Raw): Fd {
  let at = openDirectory(root, '.' as Raw);
  let walked = '' as Raw;
  for (const name of splitRaw(path)) {
    walked = joinRaw(walked, name);
    const parent = at;
    try {
      at = openDirectory(parent, name);
    } catch (error) {
      throw explain(error, parent, name, walked);
    } finally {
      close(parent);
    }
  }
  return at;
}

/** @throws RoseError as `openDirectoryAt`; INVALID_INPUT for the root, which has no name. */
export function locate(root: Fd, path: Raw): Location {
  if (path === '') throw refused('path', 'This works on an entry of the workspace, not on the workspace itself.');
  const { directory, name } = parentOf(path);
  const parent = openDirectoryAt(root, directory);
  return { parent, name, path, [Symbol.dispose]: () => close(parent) };
}

/**
 * The path, free of links, of what `path` stands for when its last name is a link that stays
 * inside the workspace. Links before the last name are refused.
 * @param rootPath absolute path of the workspace, for links that spell it out
 * @throws RoseError FORBIDDEN for a link that leads out
 */
export function followLast(root: Fd, path: Raw, rootPath: string): Raw {
  let reached: Raw[] = [];
  let pending = splitRaw(path);
  let links = 0;
  while (pending.length > 0) {
    const name = pending.shift()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (reached.pop() === undefined) throw leadsOut(path);
      continue;
    }
    const target = linkAt(root, reached.join('/') as Raw, name);
    if (target === null) {
      reached.push(name);
      continue;
    }
    if (links === 0 && pending.length > 0) throw throughLink([...reached, name].join('/') as Raw, target);
    if (++links > MAX_LINKS) throw new RoseError('CONFLICT', `${quote(path)} is a link that goes in circles.`);
    const inside = target.startsWith('/') ? belowRoot(target, rootPath) : target;
    if (inside === null) throw leadsOut(path);
    if (target.startsWith('/')) reached = [];
    pending = [...(inside.split('/') as Raw[]), ...pending];
  }
  return reached.join('/') as Raw;
}

function linkAt(root: Fd, directory: Raw, name: Raw): Raw | null {
  const path = joinRaw(directory, name);
  const parent = openDirectoryAt(root, directory);
  try {
    return onDisk(path, () => (statAt(parent, name)?.kind === 'symlink' ? readSymlink(parent, name) : null));
  } catch (error) {
    // It became something else between the two calls.
    if (diskCode(error) === 'EINVAL') return null;
    throw error;
  } finally {
    close(parent);
  }
}

function belowRoot(target: Raw, rootPath: string): Raw | null {
  const prefix = rawFromBytes(Buffer.from(rootPath));
  if (target === prefix) return '' as Raw;
  return target.startsWith(`${prefix}/`) ? (target.slice(prefix.length + 1) as Raw) : null;
}

function leadsOut(path: Raw): RoseError {
  return new RoseError('FORBIDDEN', `${quote(path)} is a symbolic link that leads out of the workspace.`);
}

function throughLink(path: Raw, target: Raw): RoseError {
  const to = JSON.stringify(toText(target));
  return new RoseError('CONFLICT', `${quote(path)} is a symbolic link to ${to}; use a path that goes through no link.`);
}

/** A link answers ENOTDIR like a file does: says which of the two it is. */
function explain(error: unknown, parent: Fd, name: Raw, path: Raw): unknown {
  const code = diskCode(error);
  if (code !== 'ENOTDIR' && code !== 'ELOOP') return fromDisk(error, path);
  try {
    return throughLink(path, readSymlink(parent, name));
  } catch {
    return fromDisk(error, path);
  }
}
