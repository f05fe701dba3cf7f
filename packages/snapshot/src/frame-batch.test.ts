import { expect, test } from 'vitest';
import { randomBytes, randomOf } from '../test/random.ts';
import { FrameBatch } from './frame-batch.ts';
import { decodeJson, encodeFrame, FrameParser, MAX_FRAME_BYTES } from './frames.ts';
import { idOf, MAX_STORED_BYTES, OBJECT_ID_BYTES } from './objects.ts';

const random = randomOf(11);

test('frames come out of pieces as they were put in, whatever their sizes', () => {
  const sizes = [0, 1, 262_139, 262_140, 1_000_000, ...Array.from({ length: 2000 }, () => random(3000))];
  const sent = sizes.map((size, index) => ({ type: index % 256, payload: randomBytes(random, size) }));
  const pieces: Buffer[] = [];
  const batch = new FrameBatch((piece) => pieces.push(piece));
  for (const { type, payload } of sent)
    batch.push(type, payload.subarray(0, payload.length >> 1), payload.subarray(payload.length >> 1));
  batch.flush();
  batch.flush();
  expect(Buffer.concat(pieces).equals(Buffer.concat(sent.map(({ type, payload }) => encodeFrame(type, payload))))).toBe(
    true,
  );
  expect(pieces.length).toBeLessThan(30);
  expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(pieces.length);
});

test('objects and JSON come back, the largest object too', () => {
  const pieces: Buffer[] = [];
  const batch = new FrameBatch((piece) => pieces.push(piece));
  const stored = Buffer.alloc(MAX_STORED_BYTES, 'z');
  const id = idOf(stored);
  batch.pushObject(7, id, 4_194_304, stored);
  batch.pushJson(8, { path: '\udcff/ä' });
  batch.flush();
  const [object, json] = [...new FrameParser(MAX_FRAME_BYTES).push(Buffer.concat(pieces))];
  expect(object!.type).toBe(7);
  expect(object!.payload.toString('hex', 0, OBJECT_ID_BYTES)).toBe(id);
  expect(object!.payload.readUInt32LE(OBJECT_ID_BYTES)).toBe(4_194_304);
  expect(object!.payload.subarray(OBJECT_ID_BYTES + 4).equals(stored)).toBe(true);
  expect(decodeJson(json!.payload)).toEqual({ path: '\udcff/ä' });
});
