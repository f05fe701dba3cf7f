import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHouse, type House, type Someone } from './house.ts';

/** The program as a process of its own: signals, pipes and arguments as bytes. */

const main = path.resolve(import.meta.dirname, '../src/main.ts');
let house: House;
let ada: Someone;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
  await ada.rose('project', 'create', 'shop');
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** Runs a line of bash in which `rose` is the program. */
async function bash(script: string) {
  const shell = spawn('bash', ['-c', `set -o pipefail; rose() { "$NODE" "$MAIN" "$@"; }; ${script}`], {
    env: { ...process.env, ...ada.env, NODE: process.execPath, MAIN: main },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'exit')]);
  return { out, err, code: code as number };
}

test('the exit code reaches the shell', async () => {
  expect(await bash('rose exec shop -- sh -c "exit 42"')).toEqual({ out: '', err: '', code: 42 });
  expect(await bash('rose save')).toMatchObject({ code: 2 });
  expect(await bash('rose whoami --token rose_wrong')).toMatchObject({ code: 1 });
});

test('a reader that has seen enough ends the program without a word', async () => {
  expect(await bash('rose exec shop -- yes | head -n 1')).toEqual({ out: 'y\n', err: '', code: 141 });
});

test('arguments keep bytes outside UTF-8', async () => {
  await bash(`rose exec shop -- sh -c 'printf raw > "$(printf "caf\\351")"'`);
  expect(await bash(`rose cat shop $'caf\\xe9'`)).toEqual({ out: 'raw', err: '', code: 0 });
  const source = await house.directory('source');
  expect(
    await bash(
      `mkdir "${source}"/$'dir\\xe9' && echo inside > "${source}"/$'dir\\xe9/file' && rose push "${source}"/$'dir\\xe9' shop`,
    ),
  ).toMatchObject({ code: 0 });
  expect(await bash('rose cat shop file')).toMatchObject({ out: 'inside\n' });
});

test('stdout holds the result alone, and nothing of progress is in a pipe', async () => {
  const source = await house.directory('source');
  await writeFile(path.join(source, 'file'), 'content');
  const { out, err } = await bash(`rose push "${source}" shop --json && rose save shop --json`);
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toHaveLength(2);
  expect(err).toBe('');
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s cancels, with one line and exit %i', async (signal, expected) => {
  // It takes the call and says nothing.
  const silent = net.createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const child = spawn(process.execPath, [main, 'whoami'], {
    env: { ...process.env, ...ada.env, ROSE_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  await once(silent, 'connection');
  silent.close();
  child.kill(signal);
  const [code] = (await once(child, 'exit')) as [number];
  expect(await output).toEqual(['', 'rose: Cancelled.\n']);
  expect(code).toBe(expected);
});

test('a Node that is too old is told so', () => {
  const old = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); await import(process.argv[1]);`;
  const launcher = path.resolve(import.meta.dirname, '../rose.js');
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', old, launcher], {
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/^rose: Node 20\.20\.2 is too old, rose needs 24 or newer\. .*"npm run rose -- \.\.\."/);
  expect(status).toBe(1);
});
