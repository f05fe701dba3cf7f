import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { connect, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { RoseError } from '@rose/contract';

/** Missing from fs.constants; the same on every Linux that Node runs on. */
const O_PATH = 0x20_0000;

/**
 * Connects to the agent's socket, which lies in a directory that a container can write.
 * The name is resolved once, without following a link, and the connection goes to that very inode,
 * so that a container cannot lead it to another socket (the engine's, another project's).
 * A path may be longer than the 107 bytes of sun_path.
 * @throws RoseError AGENT_UNAVAILABLE when there is no socket, or nobody answers within `deadlineMs`.
 */
export async function connectToSocket(socketPath: string, deadlineMs = 5000): Promise<Socket> {
  const handle = await open(socketPath, O_PATH | constants.O_NOFOLLOW).catch((error: unknown) => {
    throw unavailable('The agent has not opened its socket yet.', error);
  });
  try {
    if (!(await handle.stat()).isSocket())
      throw unavailable('What lies in the place of the agent’s socket is no socket.');
    return await connected(`/proc/self/fd/${handle.fd}`, deadlineMs);
  } finally {
    await handle.close();
  }
}

function connected(socketPath: string, deadlineMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(unavailable('The agent does not accept connections.', error));
    };
    const timer = setTimeout(() => fail(new Error(`No connection within ${deadlineMs} ms.`)), deadlineMs);
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/**
 * Listens on a socket in a directory that no container can write, replacing a stale one.
 * The path may be longer than the 107 bytes of sun_path. Every uid may connect: containers have uids
 * of their own, and the 0700 parent of the folders keeps the others of the machine out.
 * The directory stays open until the server closes: Node then unlinks the name it was bound to,
 * and a number given to another directory in the meantime would have it unlink the wrong socket.
 */
export async function listenOnSocket(server: Server, socketPath: string): Promise<void> {
  const directory = await open(path.dirname(socketPath), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  server.once('close', () => void directory.close());
  try {
    const name = `/proc/self/fd/${directory.fd}/${path.basename(socketPath)}`;
    await rm(name, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: name, readableAll: true, writableAll: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    await directory.close();
    throw error;
  }
}

function unavailable(message: string, cause?: unknown): RoseError<'AGENT_UNAVAILABLE'> {
  return new RoseError('AGENT_UNAVAILABLE', message, {}, { cause });
}
