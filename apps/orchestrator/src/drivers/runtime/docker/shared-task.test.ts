import { expect, test } from 'vitest';
import { SharedTask } from './shared-task.ts';

/** A task that ends when it is told to, and counts how often it was started. */
function stoppedTask() {
  const runs: { end: (value: string) => void; report: (line: string) => void; signal: AbortSignal }[] = [];
  const task = new SharedTask<string>((report, signal) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    runs.push({ end: resolve, report, signal });
    return promise;
  });
  return { task, runs };
}

test('callers at the same time share one run, and each hears its lines', async () => {
  const { task, runs } = stoppedTask();
  const heard: string[] = [];
  const report = (line: string): void => void heard.push(line);
  const results = [task.run(report), task.run(report)];
  runs[0]?.report('Step 1');
  runs[0]?.end('image');
  expect(await Promise.all(results)).toEqual(['image', 'image']);
  expect(heard).toEqual(['Step 1', 'Step 1']);
  expect(runs).toHaveLength(1);
});

test('a later caller starts another run', async () => {
  const { task, runs } = stoppedTask();
  const first = task.run(() => {});
  runs[0]?.end('old');
  await first;
  const second = task.run(() => {});
  runs[1]?.end('new');
  expect(await second).toBe('new');
});

test('a caller who gives up does not cancel the others; the last one does', async () => {
  const { task, runs } = stoppedTask();
  const ada = new AbortController();
  const ben = new AbortController();
  const waiting = [task.run(() => {}, ada.signal), task.run(() => {}, ben.signal)];
  ada.abort();
  await expect(waiting[0]).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(runs[0]?.signal.aborted).toBe(false);
  ben.abort();
  await expect(waiting[1]).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(runs[0]?.signal.aborted).toBe(true);
});
