import type { ProjectState, StateChange } from '@rose/contract';
import { expect, test } from 'vitest';
import { States } from './states.ts';

/** States over rows that are kept here. */
function statesOver(rows: Map<number, StateChange>): States {
  return new States({
    setState: async (projectId, state, reason) => {
      if (rows.get(projectId)?.state === state) return null;
      const change = { projectId, state, reason, at: new Date().toISOString() };
      rows.set(projectId, change);
      return change;
    },
    states: async (projectIds) => projectIds.flatMap((id) => rows.get(id) ?? []),
  });
}

const told = ({ projectId, state }: StateChange): string => `${projectId} ${state}`;

test('who is too slow gets the newest state of each project, and no state twice', async () => {
  const states = statesOver(new Map());
  await states.become(1, 'running');
  const left = new AbortController();
  const changes = states.watch({ projects: async () => [1], maySee: async () => true, signal: left.signal });
  expect(told((await changes.next()).value as StateChange)).toBe('1 running');
  for (const state of ['stopping', 'asleep', 'starting', 'running', 'paused'] satisfies ProjectState[])
    for (const projectId of [1, 2]) await states.become(projectId, state);
  await states.become(2, 'paused');
  const next = async (): Promise<string> => told((await changes.next()).value as StateChange);
  expect([await next(), await next()].toSorted()).toEqual(['1 paused', '2 paused']);
  await states.become(1, 'asleep');
  expect(await next()).toBe('1 asleep');
  left.abort();
  expect((await changes.next()).done).toBe(true);
});

test('what changes while the states are read is told as it became', async () => {
  const rows = new Map<number, StateChange>();
  const states = statesOver(rows);
  await states.become(1, 'starting');
  const { signal } = new AbortController();
  const projects = async (): Promise<number[]> => {
    await states.become(1, 'running');
    return [1];
  };
  const changes = states.watch({ projects, maySee: async () => true, signal });
  expect(told((await changes.next()).value as StateChange)).toBe('1 running');
  await changes.return(undefined);
});

test('a project that may no longer be seen is not told', async () => {
  const states = statesOver(new Map());
  const visible = new Set([1, 2]);
  const { signal } = new AbortController();
  const changes = states.watch({ projects: async () => [], maySee: async (id) => visible.has(id), signal });
  const first = changes.next();
  await states.become(1, 'running');
  expect(told((await first).value as StateChange)).toBe('1 running');
  visible.delete(1);
  await states.become(1, 'asleep');
  await states.become(2, 'asleep');
  expect(told((await changes.next()).value as StateChange)).toBe('2 asleep');
  await changes.return(undefined);
});
