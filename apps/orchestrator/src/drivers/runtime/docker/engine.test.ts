import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { connectToEngine, engineAnswers, parseEndpoint } from './engine.ts';
import { jsonLines } from './json-lines.ts';
import { logText } from './logs.ts';

const all = async (parts: (string | Buffer)[]): Promise<unknown[]> =>
  Array.fromAsync(jsonLines(Readable.from(parts.map((part) => Buffer.from(part)))));

test('events are cut at line ends, wherever the chunks are', async () => {
  const euro = Buffer.from('{"a":"€"}\n');
  expect(await all(['{"a":1}\r\n{"b"', ':2}\n\n{"c":3}'])).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
  expect(await all([euro.subarray(0, 7), euro.subarray(7)])).toEqual([{ a: '€' }]);
});

test('an event without end is not collected for ever', async () => {
  await expect(all(Array.from({ length: 20 }, () => 'x'.repeat(100_000)))).rejects.toThrow('over 1 MiB');
});

test('a stream whose reader leaves is closed', async () => {
  const stream = Readable.from([Buffer.from('{"a":1}\n'), Buffer.from('{"a":2}\n')]);
  for await (const _event of jsonLines(stream)) break;
  expect(stream.destroyed).toBe(true);
});

test('a log is the text of its frames, at most the last 64 KiB', () => {
  const frame = (text: string): Buffer => {
    const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  expect(logText(Buffer.concat([frame('one\n'), frame('two\n')]))).toBe('one\ntwo\n');
  expect(logText(Buffer.concat([frame('x'.repeat(100_000)), frame('last')]))).toHaveLength(64 * 1024);
  expect(logText(frame('cut').subarray(0, 9))).toBe('c');
  expect(logText(Buffer.alloc(0))).toBe('');
});

test('DOCKER_HOST names a socket or a host', () => {
  expect(parseEndpoint(null)).toEqual({ socketPath: '/var/run/docker.sock' });
  expect(parseEndpoint('unix:///run/podman.sock')).toEqual({ socketPath: '/run/podman.sock' });
  expect(parseEndpoint('tcp://10.0.0.1:2375')).toEqual({ protocol: 'http', host: '10.0.0.1', port: 2375 });
  for (const host of ['ssh://ada@host', 'tcp://', 'nonsense']) expect(() => parseEndpoint(host)).toThrow('DOCKER_HOST');
});

test('where no engine answers, that is an error which says so', async () => {
  const nowhere = 'unix:///nonexistent/docker.sock';
  expect(await engineAnswers(nowhere)).toBe(false);
  await expect(connectToEngine(nowhere)).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' });
});

test('an engine that accepts and says nothing counts as none', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'rose-engine-'));
  const silent = createServer().listen(path.join(folder, 'docker.sock'));
  try {
    expect(await engineAnswers(`unix://${folder}/docker.sock`)).toBe(false);
  } finally {
    silent.close();
    await rm(folder, { recursive: true });
  }
});
