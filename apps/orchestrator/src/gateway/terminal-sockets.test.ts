import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createRoseClient, type Terminal, type TerminalOptions } from '@rose/client/node';
import type { TerminalExit } from '@rose/contract';
import { ask, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket as RawSocket } from 'ws';

const size = { cols: 80, rows: 24 };
/** Every WebSocket that a client has opened. */
const opened: WebSocket[] = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(url: string | URL, init?: string | string[]) {
    super(url, init);
    opened.push(this);
  }
};
let orchestrator: TestOrchestrator;
let ada: Person;
let project: number;

beforeAll(async () => {
  orchestrator = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await orchestrator.signUp('Ada');
  project = (await ada.rose.projects.create.mutate({ name: 'shop' })).id;
});
afterAll(() => orchestrator?.[Symbol.asyncDispose]());

/** A terminal and what was seen of it. */
class Screen {
  text = '';
  gaps = 0;
  readonly terminal: Terminal;

  constructor(who: Person, id: string, options: Partial<TerminalOptions> = {}) {
    const onOutput = (bytes: Uint8Array, isGap: boolean): void => {
      if (isGap) this.gaps += 1;
      this.text = (this.text + Buffer.from(bytes).toString('latin1')).slice(-100_000);
    };
    this.terminal = who.rose.workspace(project).terminal(id, { ...options, onOutput });
  }

  async sees(expected: string, timeout = 30_000): Promise<void> {
    await vi.waitFor(() => expect(this.text).toContain(expected), { timeout, interval: 20 });
  }
}

async function open(): Promise<{ id: string; screen: Screen }> {
  const { id } = await ada.rose.workspace(project).terminals.create.mutate(size);
  const screen = new Screen(ada, id);
  await screen.terminal.write("bind 'set enable-bracketed-paste off'; PS1='$ '\n");
  await screen.sees('\r$ ');
  return { id, screen };
}

const address = (id: string): string => `${orchestrator.url}/projects/${project}/agent/-/terminals.attach?id=${id}`;

function connect(id: string, headers: Record<string, string>): RawSocket {
  return new RawSocket(address(id).replace(/^http/, 'ws'), { headers });
}

/** Status with which an upgrade is refused; 101 when it is not. */
function knock(id: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(id, headers);
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode!));
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.once('error', reject);
  });
}

test('what is typed is echoed and done, in the sandbox of the project', async () => {
  const { screen } = await open();
  await screen.terminal.write('echo $((6 * 7)); pwd; id -u\n');
  await screen.sees('\n42\r\n/home/dev/workspace\r\n1000\r\n');
  screen.terminal.resize({ cols: 100, rows: 50 });
  await screen.terminal.write('stty size; exit 4\n');
  expect(await screen.terminal.ended).toEqual({ code: 4, signal: null } satisfies TerminalExit);
  expect(screen.text).toContain('50 100\r\n');
});

test('who comes back gets what he missed and nothing twice', async () => {
  const { id, screen } = await open();
  await screen.terminal.write('echo one\n');
  await screen.sees('\none\r\n$ ');
  const { position } = screen.terminal;
  await screen.terminal.write('echo two\n');
  await screen.sees('\ntwo\r\n$ ');
  const back = new Screen(ada, id, { after: position });
  await back.sees('\ntwo\r\n$ ');
  expect(back.text).toBe('echo two\r\ntwo\r\n$ ');
  expect(back.gaps).toBe(0);
});

test('a connection that is cut is made again by itself', async () => {
  const { id } = await open();
  const told: boolean[] = [];
  const cut = new Screen(ada, id, { onReconnecting: (isReconnecting) => void told.push(isReconnecting) });
  await cut.sees('$ ');
  for (const socket of opened) socket.close();
  await cut.terminal.write('echo still $((40 + 2))\n');
  await cut.sees('still 42\r\n$ ');
  expect(cut.text.match(/still 42/g)).toHaveLength(1);
  expect(told).toEqual([true, false]);
});

test('a reader who takes nothing holds up neither the orchestrator nor others', async () => {
  const { id, screen } = await open();
  const slow = connect(id, { authorization: `Bearer ${ada.session}` });
  await once(slow, 'open');
  slow.pause();
  const before = process.memoryUsage().rss;
  await screen.terminal.write('yes "$(printf %0999d 7)" | head -c 100M; echo the $((1))st\n');
  const other = await open();
  await other.screen.terminal.write('echo I am $((20 + 1))\n');
  await other.screen.sees('I am 21');
  await screen.sees('the 1st\r\n', 50_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  slow.terminate();
});

test('signing out closes it', async () => {
  const { id } = await open();
  const rose = createRoseClient({ url: orchestrator.url });
  await rose.accounts.signIn.mutate({ email: ada.email, password: ada.password });
  const terminal = rose.workspace(project).terminal(id, { onOutput: () => {} });
  await terminal.write(':\n');
  await vi.waitFor(() => expect(terminal.position).toBeGreaterThan(0), 20_000);
  await rose.accounts.signOut.mutate();
  await expect(terminal.ended).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('strangers, pages of other sites and cookies without an origin are refused before anything opens', async () => {
  const { id } = await open();
  const eve = await orchestrator.signUp('Eve');
  expect(await knock(id, { authorization: `Bearer ${ada.session}` })).toBe(101);
  expect(await knock(id, { cookie: `rose=${ada.session}`, origin: orchestrator.url })).toBe(101);
  expect(await knock(id, {})).toBe(401);
  expect(await knock(id, { authorization: `Bearer ${eve.session}` })).toBe(404);
  expect(await knock(id, { cookie: `rose=${ada.session}`, origin: 'http://evil.example' })).toBe(403);
  expect(await knock(id, { cookie: `rose=${ada.session}` })).toBe(403);
  expect(await knock(id, { authorization: `Bearer ${ada.session}`, host: 'evil.example' })).toBe(403);
  const { token } = await ada.rose.accounts.tokens.create.mutate({ name: 'look', scope: 'read-only' });
  expect(await knock(id, { authorization: `Bearer ${token}` })).toBe(403);
});

test('a terminal that is not there is NOT_FOUND, and a wrong message is refused', async () => {
  const nobody = new Screen(ada, '00000000-0000-4000-8000-000000000000');
  await expect(nobody.terminal.ended).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const { id } = await open();
  for (const message of ['text', Buffer.of(9), Buffer.alloc(0), Buffer.alloc(1024 * 1024 + 1)]) {
    const socket = connect(id, { authorization: `Bearer ${ada.session}` });
    await once(socket, 'open');
    socket.send(message);
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(message.length > 1024 * 1024 ? 1009 : 4400);
  }
});

test('pings are answered, and wake nobody', async () => {
  const { id } = await open();
  const socket = connect(id, { authorization: `Bearer ${ada.session}` });
  await once(socket, 'open');
  socket.ping('hello');
  const [answer] = (await once(socket, 'pong')) as [Buffer];
  expect(answer.toString()).toBe('hello');
  socket.terminate();
});

test('an ordinary call of its address finds nothing', async () => {
  const answer = await ask(address('x'), { headers: { authorization: `Bearer ${ada.session}` } });
  expect(answer.status).toBe(404);
});

test('a port of the container is reached through it', async () => {
  const workspace = ada.rose.workspace(project);
  const serve =
    "require('net').createServer((s) => { s.on('data', (d) => s.write(`you said ${d}`)); s.on('end', () => s.end('bye')); }).listen(5111, '127.0.0.1', () => console.log('ready'))";
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const running = workspace.run(['node', '-e', serve], { onStdout: () => ready.resolve(), signal: stop.signal });
  await ready.promise;
  const answer = await workspace.connect(
    5111,
    (async function* () {
      yield Buffer.from('hello, ');
    })(),
  );
  expect(await text(answer)).toBe('you said hello, bye');
  await expect(workspace.connect(5112, (async function* () {})())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
});
