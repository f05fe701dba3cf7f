import { execFile } from 'node:child_process';
import { chmod, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { DiskAmounts } from '../runtime.ts';
import type { Owner } from '../socket-folders.ts';
import { EMPTY } from './scripts.ts';

const run = promisify(execFile);

/**
 * Started by root, each project has a uid of its own, so that the kernel keeps projects apart even
 * where a sandbox has a hole. The range is one that systemd's UIDS-GIDS leaves to nobody: above
 * the containers of systemd-nspawn, above the subordinate ids of /etc/subuid.
 */
const FIRST_UID = 1_879_048_192;

const REMOVAL_MS = 10 * 60_000;

export const startedByRoot = process.getuid?.() === 0;

/** Who a project's processes are on the host: itself, or the user who started the orchestrator. */
export function ownerOf(projectId: number, isolated: boolean): Owner {
  if (startedByRoot && isolated) return { uid: FIRST_UID + projectId, gid: FIRST_UID + projectId };
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

const NO_RIGHTS = ['--inh-caps=-all'];

/** The beginning of a command that runs as `owner`; empty where that is who we are. */
export function becoming(owner: Owner, rights: readonly string[] = NO_RIGHTS): string[] {
  if (owner.uid === process.getuid?.()) return [];
  return ['setpriv', '--reuid', `${owner.uid}`, '--regid', `${owner.gid}`, '--clear-groups', ...rights, '--'];
}

/**
 * Removes what lies in a directory that a container may have written, in the name of `owner`.
 * It is entered before the uid changes: its parents are closed to that uid.
 * @throws Error when something cannot be removed.
 */
export async function emptyAs(owner: Owner, directory: string): Promise<void> {
  const [command = '', ...rest] = [...becoming(owner), ...EMPTY];
  await run(command, rest, { cwd: directory, timeout: REMOVAL_MS, killSignal: 'SIGKILL', env: { PATH: TOOLS } });
}

/** The same for whom it belongs to, who may have closed it to himself. No process of the container is left. */
export async function emptyForItsOwner(directory: string): Promise<void> {
  const owner = await stat(directory);
  // The directory itself lies where no container can put a link in its place.
  await chmod(directory, 0o700);
  await emptyAs(owner, directory);
}

const COUNT_MS = 120_000;
/** Lets the walk into directories that were closed, and nothing else. */
const READS_ALL = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search', '--no-new-privs'];
/** The same where no other uid is to be had: over one's own files, by being root of a namespace that holds nobody else. */
const OVER_OWN_FILES = ['unshare', '--user', '--map-root-user', '--'];

/**
 * What a directory which containers write takes of its disk. Not counted by root, which never walks one, but in
 * the name of `owner`.
 * @throws Error when nothing can be counted.
 */
export async function countAs(owner: Owner, directory: string, signal?: AbortSignal): Promise<DiskAmounts> {
  const become = becoming(owner, READS_ALL);
  const [command = '', ...rest] = become.length > 0 ? become : OVER_OWN_FILES;
  let counted = '';
  for (const count of COUNTS) {
    // One program, which ends when it is ended.
    const shell = ['-c', `exec ${count}`];
    const line = await output(command, [...rest, 'sh', ...shell], directory, signal);
    signal?.throwIfAborted();
    // Where no namespace is to be had, what the container has closed to itself stays uncounted.
    counted += line || (await output('sh', shell, directory, signal));
  }
  return parseCounts(counted);
}

/** '' for a command that could not be run. */
async function output(command: string, args: string[], directory: string, signal?: AbortSignal): Promise<string> {
  const options = { cwd: directory, timeout: COUNT_MS, killSignal: 'SIGKILL', env: { PATH: TOOLS }, signal } as const;
  try {
    return (await run(command, args, options)).stdout;
  } catch (error) {
    // Files come and go meanwhile, and du complains of each: what it has counted counts.
    return (error as { stdout?: string }).stdout ?? '';
  }
}

/** @throws Error for anything but a line of du(1) for each of COUNTS */
export function parseCounts(text: string): DiskAmounts {
  const found = /^(\d+)\t\.\n(\d+)\t\.\n$/.exec(text);
  if (found === null) throw new Error('The files of a volume could not be counted.');
  return { bytes: Number(found[1]), files: Number(found[2]) };
}

/**
 * Commands of a shell that count the bytes and the files. Of this file system only; each file once, as the disk holds
 * it. Complaints go nowhere: a container could make more of them, with files that vanish, than anybody reads, and be
 * counted no more.
 */
export const COUNTS = ['--block-size=1', '--inodes'].map((what) => `du -sx ${what} . 2> /dev/null`);

/** Where the system's tools are; nothing of the orchestrator's own environment reaches a sandbox. */
export const TOOLS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
