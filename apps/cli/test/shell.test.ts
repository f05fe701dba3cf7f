import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { spawn } from '@lydell/node-pty';
import { ask } from '@rose/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Interrupts } from '../src/interrupts.ts';
import { openHouse, type House, type Someone } from './house.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
let house: House;
let ada: Someone;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
  await ada.rose('project', 'create', 'shop');
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** `rose shell shop` in a window, with a shell around it that tells how it left the terminal. */
function openWindow() {
  const script = `${process.execPath} ${MAIN} shell shop; echo "code $?"; stty -a | grep -o -- '-\\?icanon'`;
  const window = spawn('sh', ['-c', script], { cols: 90, rows: 30, env: { PATH: process.env.PATH!, ...ada.env } });
  const screen = { text: '' };
  window.onData((data) => (screen.text += data));
  // Node's raw mode leaves the carriage returns that the terminal adds; they show nothing.
  const sees = (text: string | RegExp): Promise<void> =>
    vi.waitFor(() => expect(screen.text.replaceAll(/\r+\n/g, '\r\n')).toMatch(text), { timeout: 10_000, interval: 20 });
  return { window, screen, sees };
}

test('a shell in a window: keys, Ctrl-C, size, exit code; the terminal is as it was after it', async () => {
  const { window, sees } = openWindow();
  await sees(/\$ /);
  window.write("bind 'set enable-bracketed-paste off'; PS1='> '\r");
  await sees(/\r> $/);
  window.write('echo $((6 * 7)); stty size\r');
  await sees('\n42\r\n30 90\r\n');
  window.resize(100, 40);
  await vi.waitFor(() => {
    window.write('stty size\r');
    return sees('40 100');
  });
  window.write("sh -c 'echo ready; exec sleep 1000'\r");
  await sees('\nready');
  window.write('\x03');
  await sees(/\^C\r\n> $/);
  window.write('exit 9\r');
  await sees(/code 9\r\nicanon/);
});

test('a window that is closed ends the shell in the container too, and all that it started', async () => {
  const { window, sees } = openWindow();
  await sees(/\$ /);
  window.write('echo $((40 + 2)); sleep 1000\r');
  await sees(/42\r\n$/);
  window.kill('SIGHUP');
  await vi.waitFor(async () => {
    const { out } = await ada.run(['exec', 'shop', '--', 'sh', '-c', 'pgrep -x sleep | wc -l']);
    expect(out.trim()).toBe('0');
  }, 20_000);
});

test('without a terminal it says so', async () => {
  expect(await ada.run(['shell', 'shop'])).toMatchObject({
    code: 2,
    err: 'rose: "rose shell" needs a terminal. For scripts there is "rose exec P -- sh -c …".\n',
  });
});

test('forward carries HTTP, says what does not listen, and ends with Ctrl-C', async () => {
  const interrupts = new Interrupts();
  const port = 20_000 + (process.pid % 20_000);
  const serve = `require('http').createServer((q, r) => r.end('hello from ' + q.url)).listen(${port}, '127.0.0.1', () => console.log('ready'))`;
  const stop = new Interrupts();
  const ready = Promise.withResolvers<void>();
  const server = ada.run(['exec', 'shop', '--', 'node', '-e', serve], {
    interrupts: stop,
    onStdout: () => ready.resolve(),
  });
  const forward = ada.run(['forward', 'shop', String(port)], { interrupts });
  await ready.promise;
  await vi.waitFor(
    async () => {
      expect((await ask(`http://127.0.0.1:${port}/door`)).text).toBe('hello from /door');
    },
    { timeout: 20_000, interval: 100 },
  );
  const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => ask(`http://127.0.0.1:${port}/${at}`)));
  expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, at) => `hello from /${at}`));
  expect(await ada.run(['forward', 'shop', String(port)])).toMatchObject({
    code: 1,
    err: expect.stringContaining('already'),
  });
  stop.receive('SIGTERM');
  await server;
  await once(connect(port, '127.0.0.1'), 'close');
  interrupts.receive('SIGINT');
  const { code, err } = await forward;
  expect(code).toBe(130);
  expect(err).toContain(`Nothing listens on 127.0.0.1:${port}`);
});

test.each(['0', '65536', 'http', '80a'])('%s is no port', async (port) => {
  expect(await ada.run(['forward', 'shop', port])).toMatchObject({ code: 2 });
});
