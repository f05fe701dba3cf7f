import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeBench, type StoreBench } from '../../test/store-bench.ts';
import { surplus, type RetentionPolicy } from './retention-policy.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 10, 24, 12);
const nothing: RetentionPolicy = { last: 0, hourly: 0, daily: 0, weekly: 0 };
/** One checkpoint an hour, the newest first; number 1 is the oldest. */
const hourly = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ number: count - at, createdAt: new Date(NOON - at * HOUR) }));
const kept = (checkpoints: ReturnType<typeof hourly>, policy: Partial<RetentionPolicy>): number[] => {
  const gone = new Set(surplus(checkpoints, { ...nothing, ...policy }));
  return checkpoints.map(({ number }) => number).filter((number) => !gone.has(number));
};

describe('a retention policy', () => {
  it('keeps the last N in any case', () => {
    expect(kept(hourly(10), { last: 3 })).toEqual([10, 9, 8]);
    expect(kept(hourly(2), { last: 3 })).toEqual([2, 1]);
    expect(surplus([], { ...nothing, last: 3 })).toEqual([]);
  });

  it('keeps the newest of each of the last hours, days and weeks that have one', () => {
    const halfHours = hourly(6).flatMap(({ number, createdAt }) => [
      { number: number * 10 + 5, createdAt: new Date(createdAt.getTime() + HOUR / 2) },
      { number: number * 10, createdAt },
    ]);
    expect(kept(halfHours, { hourly: 3 })).toEqual([65, 55, 45]);
    expect(kept(hourly(100), { daily: 3 })).toEqual([100, 87, 63]);
    expect(kept(hourly(24 * 30), { weekly: 2 }).length).toBe(2);
  });

  it('does not count periods without a checkpoint', () => {
    const gap = [...hourly(1), { number: 0, createdAt: new Date(NOON - 500 * HOUR) }];
    expect(kept(gap, { hourly: 2 })).toEqual([1, 0]);
  });

  it('keeps what any rule keeps, and names the others oldest first', () => {
    expect(kept(hourly(50), { last: 2, daily: 2 })).toEqual([50, 49, 37]);
    expect(surplus(hourly(4), { ...nothing, last: 1 })).toEqual([1, 2, 3]);
  });
});

describe('thinning', () => {
  let bench: StoreBench;
  let projectId: number;
  beforeEach(async () => {
    bench = await storeBench();
    projectId = await bench.project();
  });
  afterEach(() => bench[Symbol.asyncDispose]());

  it('never takes what is manual, pinned, active, the base, loaded last or what undo returns to', async () => {
    const kinds = [
      'manual',
      'auto-save',
      'auto-save',
      'import',
      'fork',
      'before-load',
      'on-stop',
      'recovered',
      'auto-save',
      'auto-save',
      'auto-save',
    ] as const;
    for (const kind of kinds) await bench.save(projectId, { a: kind }, kind);
    await bench.retention.setPinned(projectId, 3, true);
    await bench.versions.setBase(projectId, 9);
    const load = { id: crypto.randomUUID(), projectId, version: 7, fromProjectId: null, returnTo: 6, isPartial: true };
    await bench.versions.beginLoad(load);
    await bench.versions.finishLoad(load, false);
    const thinnable = (await bench.retention.thinnable(projectId)).map(({ number }) => number);
    expect(thinnable.toSorted((a, b) => a - b)).toEqual([2, 8, 10]);
    await bench.retention.remove(projectId, [1, 2, 3, 8, 10, 11]);
    const left = (await bench.versions.list(projectId)).map(({ version }) => version);
    expect(left).toEqual([1, 3, 4, 5, 6, 7, 9, 11]);
  });
});
