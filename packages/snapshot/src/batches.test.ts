import { expect, test } from 'vitest';
import { randomOf } from '../test/random.ts';
import { inBatches, inBatchesAsync } from './batches.ts';

const random = randomOf(5);

test('whatever the sizes, batches hold every item in order, and each but the last is full and was not before its last item', async () => {
  for (let round = 0; round < 200; round += 1) {
    const bound = { items: 1 + random(6), bytes: 1 + random(40) };
    const items = Array.from({ length: random(30) }, () => random(20));
    const batches = [...inBatches(items, bound, (item) => item)];
    expect(batches.flat()).toEqual(items);
    const isFull = (batch: number[]): boolean =>
      batch.length >= bound.items || batch.reduce((sum, item) => sum + item, 0) >= bound.bytes;
    for (const [index, batch] of batches.entries()) {
      expect(batch.length).toBeGreaterThan(0);
      if (index < batches.length - 1) expect(isFull(batch)).toBe(true);
      expect(isFull(batch.slice(0, -1))).toBe(false);
    }
    expect(await Array.fromAsync(inBatchesAsync(items, bound, (item) => item))).toEqual(batches);
  }
});
