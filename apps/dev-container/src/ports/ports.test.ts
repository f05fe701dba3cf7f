import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { useAgent } from '../../test/use-agent.ts';
import { listeningSockets } from './proc-net.ts';

const bench = useAgent();

/** A process that listens on a port of its own choice; it ends with the test. */
async function listenElsewhere(host: string): Promise<Disposable & { port: number }> {
  const program = `const server = require('net').createServer().listen(0, '${host}', () => console.log(server.address().port))`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(line), [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

it('a port that a process listens on is listed with its name, lowest first, until it is closed', async () => {
  using first = await listenElsewhere('127.0.0.1');
  using second = await listenElsewhere('0.0.0.0');
  const ports = await bench.agent.query('ports.list');
  for (const { port } of [first, second]) expect(ports).toContainEqual({ port, process: 'node' });
  expect(ports.map(({ port }) => port)).toEqual(ports.map(({ port }) => port).toSorted((a, b) => a - b));
  first[Symbol.dispose]();
  await expect
    .poll(async () => (await bench.agent.query('ports.list')).map(({ port }) => port))
    .not.toContain(first.port);
});

it('a port is listed once, though something listens on both families', async () => {
  using both = await listenElsewhere('::');
  const ports = await bench.agent.query('ports.list');
  expect(ports.filter(({ port }) => port === both.port)).toHaveLength(1);
});

it("the agent's own ports are not listed", async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  expect((await bench.agent.query('ports.list')).map((open) => open.port)).not.toContain(port);
  server.close();
});

it('a server that took localhost for ::1 is reached too', async (context) => {
  const server = createServer((socket) => socket.end('six'));
  server.listen(0, '::1');
  const [event] = await Promise.race([
    once(server, 'listening').then(() => ['listening']),
    once(server, 'error').then(() => ['error']),
  ]);
  if (event === 'error') context.skip('this machine has no ::1');
  const { port } = server.address() as { port: number };
  const { body } = await bench.agent.call(`/-/ports.connect?port=${port}`, { method: 'POST', body: Buffer.alloc(1) });
  expect(body.toString()).toBe('six');
  server.close();
});

it('only sockets that listen, where localhost leads, are taken from the table of the kernel', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1435 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0000000000000000 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0000000000000000 100 0 0 10 0
   2: 0B00007F:9C41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1 0000000000000000 100 0 0 10 0
   3: 0100007F:1435 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 14 1 0000000000000000 100 0 0 10 0
   4: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 15 1 0
   5: nonsense
`;
  expect(listeningSockets(table)).toEqual([
    { port: 5173, inode: '11' },
    { port: 80, inode: '12' },
    { port: 8080, inode: '15' },
  ]);
});
