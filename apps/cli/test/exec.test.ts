import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Interrupts } from '../src/interrupts.ts';
import { openHouse, type House, type Someone } from './house.ts';
import type { RunOptions } from './run-rose.ts';

let house: House;
let ada: Someone;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
  await ada.rose('project', 'create', 'shop');
});
afterAll(() => house?.[Symbol.asyncDispose]());

const exec = (program: string[], options?: RunOptions) => ada.run(['exec', 'shop', '--', ...program], options);
const shell = (script: string, options?: RunOptions) => exec(['sh', '-c', script], options);

/** Sends signals to a run as soon as its command has printed "ready". */
function interruptWhenReady(...signals: NodeJS.Signals[]): RunOptions {
  const interrupts = new Interrupts();
  const onStdout = (chunk: Buffer): void => {
    if (chunk.includes('ready')) for (const signal of signals) interrupts.receive(signal);
  };
  return { interrupts, onStdout };
}

test('stdout and stderr pass through apart', async () => {
  expect(await shell('echo out; echo err >&2')).toMatchObject({ code: 0, out: 'out\n', err: 'err\n' });
});

test('arguments arrive as they are; no shell looks at them', async () => {
  const words = ['a b', '$HOME', '*', '', "it's", '--json', 'new\nline', '--'];
  const { out } = await exec(['printf', '[%s]', ...words]);
  expect(out).toBe(words.map((word) => `[${word}]`).join(''));
});

test('a command runs in the root of the workspace', async () => {
  const { out } = await exec(['pwd']);
  expect(out).toBe('/home/dev/workspace\n');
});

test.each([
  ['exit 0', 0],
  ['exit 3', 3],
  ['exit 255', 255],
  ['kill -KILL $$', 137],
  ['kill -TERM $$', 143],
])('the exit code of "%s" is %i', async (script, code) => {
  expect(await shell(script)).toMatchObject({ code, err: '' });
});

test('a command that is not there is 127, one that cannot be executed 126, a failure of RoSE 125', async () => {
  expect(await exec(['no-such-command'])).toMatchObject({ code: 127, err: expect.stringContaining('no-such-command') });
  await shell('echo "#!/bin/sh" > plain');
  expect(await exec(['./plain'])).toMatchObject({ code: 126, err: 'rose: ./plain: it cannot be executed\n' });
  const { code, err } = await ada.run(['exec', 'no such project', '--json', '--', 'true']);
  expect(JSON.parse(err)).toMatchObject({ error: { code: 'NOT_FOUND' } });
  expect(code).toBe(125);
});

test('stdin passes through, byte for byte', async () => {
  const stdin = randomBytes(3_000_000);
  const { code, stdout } = await exec(['cat'], { stdin });
  expect(code).toBe(0);
  expect(stdout.equals(stdin)).toBe(true);
});

test('input is answered while stdin stays open', async () => {
  const stdin = new PassThrough();
  stdin.write('one\n');
  const heard: string[] = [];
  const onStdout = (chunk: Buffer): void => {
    heard.push(chunk.toString());
    if (chunk.includes('one')) stdin.end('two\n');
  };
  expect(await exec(['sh', '-c', 'while read line; do echo "heard $line"; done'], { stdin, onStdout })).toMatchObject({
    code: 0,
  });
  expect(heard.join('')).toBe('heard one\nheard two\n');
});

test('it ends when the command ends, though stdin does not', async () => {
  expect(await shell('echo done', { stdin: new PassThrough() })).toMatchObject({ code: 0, out: 'done\n' });
});

test('much output comes whole', async () => {
  const { code, stdout } = await shell('head -c 20000000 /dev/zero; echo end');
  expect(code).toBe(0);
  expect(stdout.length).toBe(20_000_004);
});

test('SIGINT goes to the command, whose own end counts', async () => {
  const script = 'trap "echo caught; exit 7" INT; echo ready; while :; do sleep 0.05; done';
  expect(await shell(script, interruptWhenReady('SIGINT'))).toMatchObject({ code: 7, out: 'ready\ncaught\n' });
  expect(await shell('echo ready; exec sleep 600', interruptWhenReady('SIGINT'))).toMatchObject({ code: 130, err: '' });
  expect(await shell('echo ready; exec sleep 600', interruptWhenReady('SIGTERM'))).toMatchObject({
    code: 143,
    err: '',
  });
});

test('a command that ignores a signal goes on', async () => {
  const script = 'trap "" INT; echo ready; sleep 0.3; echo still here';
  expect(await shell(script, interruptWhenReady('SIGINT', 'SIGINT'))).toMatchObject({
    code: 0,
    out: 'ready\nstill here\n',
  });
});
