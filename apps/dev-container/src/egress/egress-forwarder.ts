import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { diskCode } from '../files/disk-failures.ts';
import { log } from '../log.ts';

const MAX_CONNECTIONS = 512;
const NO_PROXY =
  'HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nThe egress proxy of RoSE does not answer.\n';

/**
 * The container's only way out: what connects to 127.0.0.1:`port` is carried to the unix
 * socket of the orchestrator's proxy. A port that is taken is no failure: without a network
 * namespace of its own the first container of the host has it.
 */
export async function startEgressForwarder(port: number, proxySocket: string): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => carry(client, proxySocket, open));
  server.maxConnections = MAX_CONNECTIONS;
  const listening = await listen(server, port);
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      if (listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port: number): Promise<boolean> {
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    server.on('error', (error) => log('warn', 'egress', { error: error.message }));
    return true;
  } catch (error) {
    if (diskCode(error) !== 'EADDRINUSE') throw error;
    log('warn', `port ${port} is taken: commands use the egress proxy that is there`);
    return false;
  }
}

function carry(client: Socket, proxySocket: string, open: Set<Socket>): void {
  const proxy = createConnection({ path: proxySocket, allowHalfOpen: true });
  let connected = false;
  proxy.once('connect', () => (connected = true));
  for (const [from, to] of [
    [client, proxy],
    [proxy, client],
  ] as const) {
    open.add(from);
    from.pipe(to);
    from.on('error', () => {
      if (from === proxy && !connected) client.end(NO_PROXY);
      else to.destroy();
    });
    from.once('close', () => {
      open.delete(from);
      if (from !== proxy || connected) to.destroySoon();
    });
  }
}
