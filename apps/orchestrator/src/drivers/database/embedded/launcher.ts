import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { RoseError } from '@rose/contract';
import { copyBinaries, installedBinaries, linkLibraries } from './binaries.ts';
import type { Identity } from './identity.ts';

/** Starts programs of PostgreSQL as the right user, in a view where that user reaches them. */
export interface Launcher {
  /** The state directory as the programs see it. */
  readonly state: string;
  /** The child leads a session of its own: a Ctrl-C on the terminal does not reach it. */
  spawn(program: 'initdb' | 'postgres', args: string[], stdio: SpawnOptions['stdio']): ChildProcess;
}

/** The way to run one command: what to call and how the two directories are named in it. */
interface View {
  native: string;
  state: string;
  command: (file: string, args: string[]) => [file: string, args: string[]];
  options: SpawnOptions;
}

const PROBE_MS = 10_000;
/** A program that starts and finds its files, in a state directory that it may enter. */
const PROBE = `"$0/bin/postgres" --version || exit
test -r "$0/share/postgresql/postgres.bki" || { echo "its user may not read $0" >&2; exit 1; }
test -x "$1" || { echo "its user may not enter $1" >&2; exit 1; }`;
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };

/**
 * Finds a way to run PostgreSQL with `state` as its directory: the installed binaries if they can be
 * used as they are, else a copy in the state directory; in place if the user may pass, else in a
 * private mount namespace.
 * @throws RoseError DATABASE_UNAVAILABLE saying why each way failed.
 */
export function findLauncher(state: string, identity: Identity | null, installed = installedBinaries()): Launcher {
  const failures: string[] = [];
  try {
    linkLibraries(installed);
  } catch (error) {
    // Somebody else's directory: the probe tells whether the links are needed.
    failures.push(String(error));
  }
  for (const native of [() => installed, () => copyBinaries(installed, state)]) {
    for (const view of viewsOf(native(), state, identity)) {
      const failure = probe(view);
      if (failure === null) return launcherOf(view);
      failures.push(failure);
    }
  }
  throw new RoseError(
    'DATABASE_UNAVAILABLE',
    `The embedded PostgreSQL does not run here (${[...new Set(failures)].join('; ')}). Set DATABASE_URL to a ` +
      'PostgreSQL 16, or start RoSE as an ordinary user from a directory of its own.',
  );
}

function viewsOf(native: string, state: string, identity: Identity | null): View[] {
  const options: SpawnOptions = { cwd: '/', env: ENVIRONMENT };
  const inPlace = { native, state, command: (file: string, args: string[]): [string, string[]] => [file, args] };
  if (identity === null) return [{ ...inPlace, options }];
  const views = [{ ...inPlace, options: { ...options, ...identity } }];
  return process.platform === 'linux' ? [...views, namespaceView(native, state, identity, options)] : views;
}

/**
 * Below a home directory of mode 0700 the server's user cannot reach the files, and nobody's home is
 * opened for it: the two directories are bound onto a tmpfs that only the server sees.
 * Every step is exec'ed, so that the process that was spawned is the server itself.
 */
const IN_NAMESPACE = `set -e
mount -t tmpfs -o mode=0755,size=64k rose "$1"
mkdir "$1/native" "$1/state"
mount --bind "$2" "$1/native"
mount --bind "$3" "$1/state"
uid=$4 gid=$5
shift 5
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"`;

function namespaceView(native: string, state: string, identity: Identity, options: SpawnOptions): View {
  const covers = (directory: string) => [native, state].some((used) => used.startsWith(`${directory}/`));
  // Covering a directory is harmless in a namespace of one's own, unless one of the two lies in it.
  const point = ['/mnt', '/media', '/srv', '/opt'].find((directory) => existsSync(directory) && !covers(directory));
  const where = point ?? '/mnt';
  const ids = [String(identity.uid), String(identity.gid)];
  return {
    native: path.join(where, 'native'),
    state: path.join(where, 'state'),
    command: (file, args) => [
      'unshare',
      ['--mount', 'sh', '-c', IN_NAMESPACE, 'sh', where, native, state, ...ids, file, ...args],
    ],
    options,
  };
}

/** Why PostgreSQL does not run in this view; null when it does. */
function probe(view: View): string | null {
  const [file, args] = view.command('sh', ['-c', PROBE, view.native, view.state]);
  const run = spawnSync(file, args, { ...view.options, encoding: 'utf8', timeout: PROBE_MS });
  if (run.status === 0) return null;
  if (run.error !== undefined) return run.error.message;
  const said = run.stderr.trim().slice(-500);
  return said === '' ? `${file} ended with ${run.status ?? run.signal}` : said;
}

function launcherOf(view: View): Launcher {
  return {
    state: view.state,
    spawn: (program, args, stdio) => {
      const [file, all] = view.command(path.join(view.native, 'bin', program), args);
      return spawn(file, all, { ...view.options, stdio, detached: true });
    },
  };
}
