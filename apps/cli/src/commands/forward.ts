import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Workspace } from '@rose/client/node';
import { RoseError } from '@rose/contract/errors';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { asFailure } from '../failure.ts';
import { escapeText } from '../output/escape.ts';
import { parsePort } from '../port.ts';
import { findProject } from '../reference.ts';

const usage = 'forward P PORT';
/** More are refused; each takes one of the connections to the container. */
const MAX_CONNECTIONS = 64;

export const command = defineCommand({
  usage,
  summary: 'Reach a port of the container at the same port of this machine.',
  details: 'Connections to 127.0.0.1:PORT go to 127.0.0.1:PORT in the dev container, 64 at once, until Ctrl-C.',
  positionals: ['P', 'PORT'],
  async run(cli, { positionals }) {
    const port = parsePort({ usage }, positionals[1]!);
    const workspace = cli.rose.workspace(await findProject(cli, positionals[0]!));
    // Wakes the container, and says now what would be in the way later.
    await workspace.commands.list.query(undefined, cli.options);
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      void carry(cli, workspace, port, socket);
    });
    server.maxConnections = MAX_CONNECTIONS;
    await listen(server, port);
    try {
      await cli.note(`127.0.0.1:${port} is port ${port} of the dev container now. Ctrl-C ends it.`);
      if (!cli.signal.aborted) await once(cli.signal, 'abort');
    } finally {
      server.close();
      for (const socket of sockets) socket.destroy();
    }
    return cli.io.interrupts.exitCode ?? 0;
  },
});

/** @throws RoseError CONFLICT when the port is taken, FORBIDDEN when this user may not have it */
async function listen(server: Server, port: number): Promise<void> {
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const reason = isTaken ? 'something else listens there already' : 'the system does not allow it';
    throw new RoseError(isTaken ? 'CONFLICT' : 'FORBIDDEN', `Port ${port} of this machine: ${reason}.`, {}, { cause });
  }
}

async function carry(cli: Cli, workspace: Workspace, port: number, socket: Socket): Promise<void> {
  const left = new AbortController();
  socket.once('close', () => left.abort()).on('error', () => {});
  try {
    // Each way ends by itself: who has said all may still listen.
    const outgoing: AsyncIterable<Buffer> = socket.iterator({ destroyOnReturn: false });
    const signal = AbortSignal.any([cli.signal, left.signal]);
    const incoming = await workspace.connect(port, outgoing, { signal });
    await pipeline(incoming, socket);
  } catch (error) {
    socket.destroy();
    if (left.signal.aborted || cli.signal.aborted) return;
    await cli.note(`rose: ${escapeText(asFailure(error).message)}`).catch(() => {});
  }
}
