import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenOnSocket } from '../socket.ts';
import { Bench, type MakeRuntime } from './bench.ts';

/** The one wire of a container, and what a hostile one may try with it. */
export function socketRules(make: MakeRuntime): void {
  describe('sockets', () => {
    let bench: Bench;
    beforeEach(async () => {
      bench = await Bench.open(make);
    });
    afterEach(() => bench[Symbol.asyncDispose]());

    test('a container talks to the egress proxy that listens on its socket, whenever that began', async () => {
      const ada = await bench.running();
      const server = createServer((socket) => socket.end('hello from outside'));
      await listenOnSocket(server, ada.info.egressSocket);
      try {
        const script = 'require("node:net").connect(process.env.ROSE_EGRESS_SOCKET).pipe(process.stdout)';
        // Without a sandbox the network is the host's and there is no such socket.
        const has = (await ada.output('echo "$ROSE_EGRESS_SOCKET"')) !== '';
        expect(has).toBe(bench.runtime.isolation.level !== 'none');
        if (has) expect(await ada.output(`node -e '${script}'`)).toBe('hello from outside');
      } finally {
        server.close();
      }
    });

    test.each([
      [
        'a link to another socket',
        'ln -s "$(dirname "$(dirname "$ROSE_AGENT_SOCKET")")/in/egress.sock" "$ROSE_AGENT_SOCKET"',
      ],
      ['a link to a file', 'ln -s /etc/passwd "$ROSE_AGENT_SOCKET"'],
      ['a file', 'echo > "$ROSE_AGENT_SOCKET"'],
      ['a directory', 'mkdir "$ROSE_AGENT_SOCKET"'],
      ['a FIFO', 'mkfifo "$ROSE_AGENT_SOCKET"'],
      ['nothing', 'true'],
    ])('a container that puts %s in the place of its socket gets no connection', async (_what, put) => {
      const ada = await bench.running();
      const connections: string[] = [];
      const server = createServer((socket) => {
        connections.push('reached');
        socket.destroy();
      });
      await listenOnSocket(server, ada.info.egressSocket);
      try {
        await ada.output(`rm "$ROSE_AGENT_SOCKET"; ${put}`);
        await expect(bench.runtime.connect(ada.id)).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' });
        expect(connections).toEqual([]);
      } finally {
        server.close();
      }
    });

    test('a container that fills its socket folder with traps is removed all the same', async () => {
      const ada = await bench.running();
      await ada.output(
        'cd "$(dirname "$ROSE_AGENT_SOCKET")"; ln -s /etc etc; mkdir -p a/b; touch a/b/c; chmod 0 a/b a; chmod 0 . || true',
      );
      await bench.runtime.remove(ada.id);
      const again = await bench.running({ projectId: ada.info.projectId, volume: ada.info.volume });
      expect(await again.ticks()).toBeGreaterThanOrEqual(0);
    });
  });
}
