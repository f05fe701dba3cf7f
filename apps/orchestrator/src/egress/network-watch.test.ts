import { pino } from 'pino';
import { expect, test } from 'vitest';
import { NetworkWatch } from './network-watch.ts';

const log = pino({ level: 'silent' });
const gone = new Error('The engine is gone.');

test('the proxy knows the refused networks before the watch has started, and learns of later ones', async () => {
  const told: string[][] = [];
  // The engine is away for a while.
  const answers = [['203.0.113.7'], gone, ['203.0.113.7', '203.0.113.8']];
  const runtime = {
    refusedNetworks: async () => {
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error || answer === undefined) throw gone;
      return answer;
    },
  };
  const proxy = { refuseNetworks: (networks: string[]) => void told.push(networks) };
  await using watch = new NetworkWatch({ runtime, proxy, log, periodMs: 5 });
  await watch.start();
  expect(told).toEqual([['203.0.113.7']]);
  await expect.poll(() => told.at(-1)).toEqual(['203.0.113.7', '203.0.113.8']);
});

test('without the addresses of its host an orchestrator does not start', async () => {
  const runtime = { refusedNetworks: () => Promise.reject(gone) };
  await using watch = new NetworkWatch({ runtime, proxy: { refuseNetworks: () => {} }, log });
  await expect(watch.start()).rejects.toBe(gone);
});
