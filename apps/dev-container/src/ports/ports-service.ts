import { readFile, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import type { OpenPort } from '@rose/contract';
import { listeningSockets } from './proc-net.ts';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const SOCKET = /^socket:\[(\d+)\]$/;
const MOST_PORTS = 1000;
const LONGEST_NAME = 100;

/**
 * The TCP ports on which something listens in this container, lowest first; the agent's own are left out. Whoever may
 * look at a process may name it, so a port of another user's has none.
 */
export async function listPorts(): Promise<OpenPort[]> {
  const tables = await Promise.all(TABLES.map((table) => readFile(table, 'latin1').catch(() => '')));
  const sockets = tables.flatMap(listeningSockets);
  const own = new Set(await socketsOf('self'));
  const wanted = new Set(sockets.map(({ inode }) => inode).filter((inode) => !own.has(inode)));
  const names = wanted.size === 0 ? new Map<string, string>() : await namesOf(wanted);
  const ports = new Map<number, OpenPort>();
  for (const { port, inode } of sockets) {
    if (wanted.has(inode) && !ports.has(port)) ports.set(port, { port, process: names.get(inode) ?? null });
  }
  return [...ports.values()].toSorted((a, b) => a.port - b.port).slice(0, MOST_PORTS);
}

/** The names of the processes that hold these sockets, by socket. */
async function namesOf(wanted: ReadonlySet<string>): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const held = (await socketsOf(pid)).filter((inode) => wanted.has(inode) && !names.has(inode));
    if (held.length === 0) continue;
    const name = await nameOf(pid);
    for (const inode of held) names.set(inode, name);
    if (names.size === wanted.size) break;
  }
  return names;
}

/** The sockets that a process holds; none when it is gone, or another user's. */
async function socketsOf(pid: string): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const files = await readdir(folder).catch(() => []);
  const targets = await Promise.all(files.map((file) => readlink(`${folder}/${file}`).catch(() => '')));
  return targets.flatMap((target) => SOCKET.exec(target)?.[1] ?? []);
}

/** The program and, since many are scripts, its first argument: "node vite". */
async function nameOf(pid: string): Promise<string> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const [program = '', script = ''] = line.split('\0');
  const words = [program, script.startsWith('-') ? '' : script].map((word) => path.basename(word));
  return words.join(' ').trim().slice(0, LONGEST_NAME);
}
