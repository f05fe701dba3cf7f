/** A TCP socket that takes connections, as /proc/net/tcp tells. */
export interface ListeningSocket {
  port: number;
  /** Names the socket among the open files of its process: `socket:[INODE]`. */
  inode: string;
}

const LISTEN = '0A';
/** Each group of four bytes is a number in the machine's own order; every machine that we run on begins with the lowest. */
const REACHABLE = new Set([
  '00000000', // 0.0.0.0
  '0100007F', // 127.0.0.1
  '00000000000000000000000000000000', // ::
  '00000000000000000000000001000000', // ::1
  '0000000000000000FFFF000000000000', // ::ffff:0.0.0.0
  '0000000000000000FFFF00000100007F', // ::ffff:127.0.0.1
]);

/** The sockets of /proc/net/tcp or tcp6 that listen where this machine reaches them as localhost. */
export function listeningSockets(table: string): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address, port] = local?.split(':') ?? [];
    if (state !== LISTEN || inode === undefined || port === undefined || !REACHABLE.has(address ?? '')) continue;
    sockets.push({ port: Number.parseInt(port, 16), inode });
  }
  return sockets;
}
