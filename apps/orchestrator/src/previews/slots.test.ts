import { describe, expect, it } from 'vitest';
import { Slots } from './slots.ts';

const never = new AbortController().signal;
const slots = (over: Partial<ConstructorParameters<typeof Slots>[0]> = {}) =>
  new Slots({ most: 2, mostWaiting: 2, waitMs: 60_000, ...over });

describe('slots', () => {
  it('are handed on in the order in which people came', async () => {
    const some = slots();
    const [first, second] = [await some.hold(1, never), await some.hold(1, never)];
    const order: string[] = [];
    const third = some.hold(1, never).then((slot) => (order.push('third'), slot));
    const fourth = some.hold(1, never).then((slot) => (order.push('fourth'), slot));
    first[Symbol.dispose]();
    await third;
    expect(order).toEqual(['third']);
    second[Symbol.dispose]();
    await fourth;
    expect(order).toEqual(['third', 'fourth']);
  });

  it('of one key say nothing of another', async () => {
    const some = slots({ most: 1, mostWaiting: 0 });
    await some.hold(1, never);
    await some.hold(2, never);
    await expect(some.hold(1, never)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
  });

  it('are waited for by so many, and for so long', async () => {
    const some = slots({ most: 1, mostWaiting: 1, waitMs: 10 });
    await some.hold(1, never);
    const waiting = some.hold(1, never);
    await expect(some.hold(1, never)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    await expect(waiting).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
  });

  it('go to nobody who has left', async () => {
    const some = slots({ most: 1 });
    const held = await some.hold(1, never);
    const left = new AbortController();
    const gone = some.hold(1, left.signal);
    const next = some.hold(1, never);
    left.abort();
    held[Symbol.dispose]();
    await expect(gone).rejects.toMatchObject({ code: 'CANCELLED' });
    (await next)[Symbol.dispose]();
    (await some.hold(1, never))[Symbol.dispose]();
  });
});
