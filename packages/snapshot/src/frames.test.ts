import { expect, test } from 'vitest';
import { randomBytes, randomOf } from '../test/random.ts';
import {
  decodeJson,
  encodeFrame,
  encodeJsonFrame,
  FrameError,
  FrameParser,
  MAX_FRAME_BYTES,
  readFrames,
  type Frame,
} from './frames.ts';

const random = randomOf(3);

test('however a stream is split, its frames are the same', async () => {
  for (let round = 0; round < 200; round += 1) {
    const sent: Frame[] = Array.from({ length: random(12) }, () => ({
      type: random(256),
      payload: randomBytes(random, random(4) * random(60)),
    }));
    const stream = Buffer.concat(sent.map(({ type, payload }) => encodeFrame(type, payload)));
    const pieces: Buffer[] = [];
    for (let at = 0; at < stream.length;) {
      const length = random(1 + random(40));
      pieces.push(stream.subarray(at, at + length));
      at += length;
    }
    const received: Frame[] = [];
    for await (const frame of readFrames(asyncOf(pieces)))
      received.push({ ...frame, payload: Buffer.from(frame.payload) });
    expect(received).toEqual(sent);
  }
});

async function* asyncOf(pieces: Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}

test('a stream that ends inside a frame is an error, wherever it ends', () => {
  const stream = encodeFrame(1, Buffer.from('payload'));
  for (let length = 1; length < stream.length; length += 1) {
    const parser = new FrameParser();
    expect([...parser.push(stream.subarray(0, length))]).toEqual([]);
    expect(() => parser.end()).toThrow(FrameError);
  }
});

test('a frame over the limit is refused by its header, before its payload is held', () => {
  const header = Buffer.alloc(5);
  header.writeUInt32LE(MAX_FRAME_BYTES + 1, 1);
  expect(() => [...new FrameParser().push(header)]).toThrow(FrameError);
  header.writeUInt32LE(0xffff_ffff, 1);
  expect(() => [...new FrameParser().push(header)]).toThrow(FrameError);
  expect(() => [...new FrameParser(3).push(encodeFrame(1, Buffer.from('four')))]).toThrow(FrameError);
});

test('payloads of several parts and of JSON come back', () => {
  const [frame] = [...new FrameParser().push(encodeFrame(2, Buffer.from('a'), Buffer.from('bc')))];
  expect(frame!.payload.toString()).toBe('abc');
  const [json] = [...new FrameParser().push(encodeJsonFrame(2, { path: '\udcff/ä' }))];
  expect(decodeJson(json!.payload)).toEqual({ path: '\udcff/ä' });
  expect(() => decodeJson(Buffer.from('{'))).toThrow(FrameError);
});
