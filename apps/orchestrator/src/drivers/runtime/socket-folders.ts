import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';

/**
 * The two folders through which a container talks: `in` (mounted read-only) with the orchestrator's
 * egress.sock, `out` (writable for the container) with the agent's agent.sock. Both lie under
 * `<dataDir>/run`, mode 0700, so that no other user of the machine reaches the sockets.
 */
export interface SocketFolders {
  /** Holds both; never mounted itself. */
  root: string;
  in: string;
  out: string;
  egressSocket: string;
  agentSocket: string;
}

/** Whom the container's processes are on the host. */
export interface Owner {
  uid: number;
  gid: number;
}

/** Where the folders of a container lie; makes nothing. `name` is one path component. */
export function socketFolders(dataDir: string, name: string): SocketFolders {
  const root = path.join(dataDir, 'run', name);
  return {
    root,
    in: path.join(root, 'in'),
    out: path.join(root, 'out'),
    egressSocket: path.join(root, 'in', 'egress.sock'),
    agentSocket: path.join(root, 'out', 'agent.sock'),
  };
}

/**
 * Makes the folders, before the container exists: afterwards `out` belongs to the container, and
 * the orchestrator neither creates, unlinks, chmods nor chowns anything in it.
 * @param owner who writes agent.sock. Made by another user than root, `out` cannot be given away
 * and is opened for all instead; the 0700 parent keeps the others of the machine out.
 */
export async function makeSocketFolders(dataDir: string, name: string, owner: Owner): Promise<SocketFolders> {
  const folders = socketFolders(dataDir, name);
  const parent = path.dirname(folders.root);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await chmod(parent, 0o700);
  await mkdir(folders.root, { mode: 0o755 });
  await mkdir(folders.in);
  await chmod(folders.in, 0o755);
  await mkdir(folders.out);
  const self = process.getuid?.();
  if (self === 0) await chown(folders.out, owner.uid, owner.gid);
  await chmod(folders.out, self === 0 || self === owner.uid ? 0o700 : 0o777);
  return folders;
}

/**
 * Removes the folders of a container that is gone: only when no process of it is left. Safe to repeat.
 * @param emptyOut removes what the container left in `out`, in the container's name (root never
 * walks what a container wrote). Not called when `out` is gone already.
 */
export async function removeSocketFolders(
  dataDir: string,
  name: string,
  emptyOut: (out: string) => Promise<void>,
): Promise<void> {
  const folders = socketFolders(dataDir, name);
  await rm(folders.in, { recursive: true, force: true });
  if (existsSync(folders.out)) {
    await emptyOut(folders.out);
    await rmdir(folders.out);
  }
  if (existsSync(folders.root)) await rmdir(folders.root);
}
