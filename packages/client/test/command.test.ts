import { COMMAND_REQUEST, COMMAND_RESPONSE, RoseError } from '@rose/contract';
import { expect, test } from 'vitest';
import { commandRequest, readCommand } from '../src/command.ts';
import { encodeFrame, encodeJsonFrame, readFrames } from '../src/frames.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (piece: Uint8Array): string => new TextDecoder().decode(piece);
const exit = { code: 0, signal: null, timedOut: false };

function streamOf(...pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
}

/** A whole answer of the agent as one buffer. */
const answer = Buffer.concat([
  encodeJsonFrame(COMMAND_RESPONSE.STARTED, { id: 'c0' }),
  encodeFrame(COMMAND_RESPONSE.STDOUT, bytes('out')),
  encodeFrame(COMMAND_RESPONSE.STDERR, bytes('err')),
  encodeFrame(COMMAND_RESPONSE.STDOUT),
  encodeJsonFrame(COMMAND_RESPONSE.EXIT, exit),
]);

test.each([1, 2, 3, 7, 64, answer.length])('frames are found in pieces of %i bytes', async (size) => {
  const pieces = Array.from({ length: Math.ceil(answer.length / size) }, (_, at) =>
    answer.subarray(at * size, (at + 1) * size),
  );
  const heard: string[] = [];
  const result = await readCommand(streamOf(...pieces), {
    onStart: (id) => heard.push(`started ${id}`),
    onStdout: (piece) => void heard.push(`out ${textOf(piece)}`),
    onStderr: (piece) => void heard.push(`err ${textOf(piece)}`),
  });
  expect(result).toEqual(exit);
  expect(heard).toEqual(['started c0', 'out out', 'err err', 'out ']);
});

test('the next piece is read when the last one was taken', async () => {
  let read = 0;
  const source = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        read += 1;
        if (read === 3) controller.enqueue(encodeJsonFrame(COMMAND_RESPONSE.EXIT, exit));
        else if (read === 4) controller.close();
        else controller.enqueue(encodeFrame(COMMAND_RESPONSE.STDOUT, bytes(String(read))));
      },
    },
    { highWaterMark: 0 },
  );
  const readWhenTaken: number[] = [];
  await readCommand(source, {
    onStdout: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      readWhenTaken.push(read);
    },
  });
  expect(readWhenTaken).toEqual([1, 2]);
});

test.each([
  ['a frame of an unknown type', encodeFrame(99)],
  ['an oversized frame', Uint8Array.of(COMMAND_RESPONSE.STDOUT, 0xff, 0xff, 0xff, 0xff)],
  ['an end in the middle of a frame', encodeFrame(COMMAND_RESPONSE.STDOUT, bytes('out')).subarray(0, 6)],
  ['an exit that is no JSON', encodeFrame(COMMAND_RESPONSE.EXIT, bytes('{'))],
  ['an exit code that no program has', encodeJsonFrame(COMMAND_RESPONSE.EXIT, { code: 256, signal: null })],
  ['an exit code that is no number', encodeJsonFrame(COMMAND_RESPONSE.EXIT, { code: '0', signal: null })],
  ['an exit of nothing', encodeJsonFrame(COMMAND_RESPONSE.EXIT, null)],
  ['an error that is none', encodeJsonFrame(COMMAND_RESPONSE.ERROR, { code: 'FROB' })],
])('%s is AGENT_LIED', async (_, frame) => {
  await expect(readCommand(streamOf(frame), {})).rejects.toMatchObject({ name: 'RoseError', code: 'AGENT_LIED' });
});

test('an answer that ends without an exit is no success', async () => {
  await expect(readCommand(streamOf(answer.subarray(0, 20)), {})).rejects.toBeInstanceOf(RoseError);
  await expect(readCommand(streamOf(), {})).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' });
});

test('an error of the agent arrives as it was thrown', async () => {
  const body = {
    code: 'LIMIT_EXCEEDED',
    message: 'Too many commands.',
    details: { limit: 'commands', value: 256, allowed: 256 },
  };
  await expect(readCommand(streamOf(encodeJsonFrame(COMMAND_RESPONSE.ERROR, body)), {})).rejects.toMatchObject(body);
});

test('a command whose input is known is sent in one piece, as browsers need it', async () => {
  const request = commandRequest(['cat'], { stdin: 'x'.repeat(300_000), cwd: 'src' });
  if (!(request instanceof Uint8Array)) throw new Error('not in one piece');
  const frames = await Array.fromAsync(readFrames(streamOf(request)));
  expect(JSON.parse(textOf(frames[0]!.payload))).toEqual({ argv: ['cat'], cwd: 'src', stdin: true });
  expect(frames.map(({ type }) => type)).toEqual([
    COMMAND_REQUEST.SPEC,
    COMMAND_REQUEST.STDIN,
    COMMAND_REQUEST.STDIN,
    COMMAND_REQUEST.STDIN_END,
  ]);
});
