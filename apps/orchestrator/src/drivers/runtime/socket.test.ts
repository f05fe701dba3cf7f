import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectToSocket, listenOnSocket } from './socket.ts';
import { makeSocketFolders, removeSocketFolders, type SocketFolders } from './socket-folders.ts';

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
let dataDir: string;
let folders: SocketFolders;
let servers: Server[];

beforeEach(async () => {
  servers = [];
  dataDir = path.join(await mkdtemp(path.join(tmpdir(), 'rose-socket-')), 'a-deep-data-directory-'.repeat(6));
  folders = await makeSocketFolders(dataDir, 'ada', owner);
});

afterEach(async () => {
  for (const server of servers) server.close();
  await rm(path.dirname(dataDir), { recursive: true });
});

async function greet(socketPath: string, word: string): Promise<Server> {
  const server = createServer((socket) => socket.end(word));
  servers.push(server);
  await listenOnSocket(server, socketPath);
  return server;
}

async function hear(socketPath: string): Promise<string> {
  const socket = await connectToSocket(socketPath);
  const [word] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return word.toString();
}

test('a socket whose path is longer than sun_path can be listened on and connected to', async () => {
  expect(folders.agentSocket.length).toBeGreaterThan(107);
  await greet(folders.agentSocket, 'Ada');
  expect(await hear(folders.agentSocket)).toBe('Ada');
});

test('a link in the place of the socket is never followed', async () => {
  await greet(folders.egressSocket, 'secret');
  await symlink(folders.egressSocket, folders.agentSocket);
  await expect(connectToSocket(folders.agentSocket)).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' });
});

test('a file, a missing name and a socket that nobody listens on answer AGENT_UNAVAILABLE', async () => {
  await expect(connectToSocket(folders.agentSocket)).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' });
  await writeFile(folders.agentSocket, '');
  await expect(connectToSocket(folders.agentSocket)).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' });
  const server = await greet(folders.egressSocket, 'Ada');
  await rename(folders.egressSocket, folders.agentSocket);
  server.close();
  await once(server, 'close');
  await expect(connectToSocket(folders.agentSocket)).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' });
});

test('a stale socket is replaced', async () => {
  await greet(folders.egressSocket, 'first');
  await greet(folders.egressSocket, 'second');
  expect(await hear(folders.egressSocket)).toBe('second');
});

test('folders are removed with what the container left, and removing them again succeeds', async () => {
  await writeFile(path.join(folders.out, 'left'), '');
  const emptyOut = (out: string): Promise<void> => rm(path.join(out, 'left'));
  await removeSocketFolders(dataDir, 'ada', emptyOut);
  await removeSocketFolders(dataDir, 'ada', emptyOut);
  await expect(makeSocketFolders(dataDir, 'ada', owner)).resolves.toMatchObject({ root: folders.root });
});
