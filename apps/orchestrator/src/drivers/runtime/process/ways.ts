import type { Owner } from '../socket-folders.ts';
import { becoming, startedByRoot } from './owners.ts';
import { INSIDE, STAGE } from './scripts.ts';
import { containerTree, INSIDE_PATHS, type Entry, type Sources } from './tree.ts';

/** How processes are kept apart, from best to none. */
export const WAYS = ['bubblewrap', 'util-linux', 'none'] as const;
export type Way = (typeof WAYS)[number];

export interface SandboxSpec {
  sources: Sources;
  /** Who its processes are on the host. */
  owner: Owner;
  /** An empty directory of the host, over which a new root may be put. */
  stage: string;
  hostname: string;
  /** Size of /tmp, which counts towards the memory limit where that is enforced. */
  tmpBytes: number;
}

/** The command line that runs `command` in a sandbox; its own paths are those of INSIDE_PATHS. */
export function sandboxed(way: Way, spec: SandboxSpec, command: string[]): string[] {
  if (way === 'none') return command;
  return way === 'bubblewrap' ? bubblewrap(spec, command) : utilLinux(spec, command);
}

/**
 * As real root bubblewrap would be unsafe: uid 1000 inside would still be root of the host, who
 * may write /proc/sys. So root first moves into a root that a project's uid can read, then becomes it.
 */
function bubblewrap(spec: SandboxSpec, command: string[]): string[] {
  const tree = containerTree(spec.sources);
  if (!startedByRoot) return bwrap(spec, tree, command);
  const staged = tree.map((entry) => ('source' in entry ? { ...entry, source: entry.target } : entry));
  return [
    ...['unshare', '--mount', '--propagation', 'private', '--'],
    ...staging(spec, tree, [...becoming(spec.owner), ...bwrap(spec, staged, command)]),
  ];
}

function bwrap(spec: SandboxSpec, tree: Entry[], command: string[]): string[] {
  return [
    ...['bwrap', '--unshare-all', '--unshare-user', '--disable-userns', '--uid', '1000', '--gid', '1000'],
    ...['--cap-drop', 'ALL', '--new-session', '--die-with-parent', '--hostname', spec.hostname],
    ...tree.flatMap((entry) => {
      if (entry.kind === 'directory') return ['--dir', entry.target];
      if (entry.kind === 'link') return ['--symlink', entry.to, entry.target];
      return [entry.kind === 'read-only' ? '--ro-bind' : '--bind', entry.source, entry.target];
    }),
    ...['--proc', '/proc', '--ro-bind', '/proc/sys', '/proc/sys', '--dev', '/dev'],
    ...['--perms', '1777', '--size', `${spec.tmpBytes}`, '--tmpfs', '/dev/shm', '--remount-ro', '/dev'],
    ...['--perms', '1777', '--size', `${spec.tmpBytes}`, '--tmpfs', '/tmp', '--remount-ro', '/'],
    ...['--chdir', INSIDE_PATHS.home, '--', ...command],
  ];
}

/**
 * The order matters: a network namespace made in the same call as its user namespace cannot raise
 * its loopback, and the parent-death signal is lost with each change of credentials.
 */
function utilLinux(spec: SandboxSpec, command: string[]): string[] {
  const asRootOfItsOwn = ['unshare', '--user', '--map-root-user'];
  const inside = [
    ...['setpriv', '--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--pid', '--net', '--ipc', '--uts', '--cgroup'],
    ...['--fork', '--kill-child', '--', ...INSIDE, spec.hostname, `${spec.tmpBytes}`, ...command],
  ];
  const tree = containerTree(spec.sources);
  if (!startedByRoot) {
    return [...asRootOfItsOwn, '--mount', '--propagation', 'private', '--', ...staging(spec, tree, inside)];
  }
  return [
    ...['unshare', '--mount', '--propagation', 'private', '--'],
    ...staging(spec, tree, [...becoming(spec.owner), ...asRootOfItsOwn, '--', ...inside]),
  ];
}

function staging(spec: SandboxSpec, tree: Entry[], command: string[]): string[] {
  const entries = tree.flatMap((entry) => {
    if (entry.kind === 'directory') return ['directory', '-', entry.target];
    return [entry.kind, entry.kind === 'link' ? entry.to : entry.source, entry.target];
  });
  return [...STAGE, spec.stage, ...entries, '--', ...command];
}
