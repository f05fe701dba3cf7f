import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench, type MakeRuntime } from './bench.ts';

const NOT_ENFORCED = 'this limit is not enforced here';

/** That a container cannot use up its host. */
export function limitRules(make: MakeRuntime, enforced: { memory: boolean; cpu: boolean; pids: boolean }): void {
  describe('limits', () => {
    let bench: Bench;
    beforeEach(async () => {
      bench = await Bench.open(make);
    });
    afterEach(() => bench[Symbol.asyncDispose]());

    test('a container cannot have more processes than its limit', async ({ skip }) => {
      skip(!enforced.pids, NOT_ENFORCED);
      const ada = await bench.running();
      const bomb = 'i=0; while [ $i -lt 600 ]; do sleep 30 > /dev/null 2>&1 & i=$((i+1)); done';
      expect((await ada.run(bomb)).output).toMatch(/fork/i);
      expect((await bench.runtime.stats(ada.id)).pids).toBeLessThanOrEqual(256);
      await bench.runtime.stop(ada.id, 0);
    });

    test('a process that takes more memory than the limit ends, and the agent lives', async ({ skip }) => {
      skip(!enforced.memory, NOT_ENFORCED);
      const ada = await bench.running();
      const hog = 'node -e "const all = []; for (let i = 0; i < 50; i += 1) all.push(Buffer.alloc(16 << 20, 1))"';
      const { code, signal } = await ada.run(`exec ${hog}`);
      expect(code === 137 || signal === 'SIGKILL').toBe(true);
      expect(await ada.ticks()).toBeGreaterThanOrEqual(0);
    });

    test('a container gets no more processor time than its limit', async ({ skip }) => {
      skip(!enforced.cpu, NOT_ENFORCED);
      const ada = await bench.running({ limits: { memoryMiB: 256, cpus: 0.25, pids: 256 } });
      const began = Date.now();
      const before = (await bench.runtime.stats(ada.id)).cpuSeconds;
      await ada.output('for i in 1 2; do timeout 2 sh -c "while :; do :; done" & done; wait; true');
      const used = (await bench.runtime.stats(ada.id)).cpuSeconds - before;
      expect(used).toBeLessThan((0.25 * 2 * (Date.now() - began)) / 1000);
    });

    test('a container cannot raise its limits, and leaves no core files', async () => {
      const ada = await bench.running();
      expect(await ada.output('ulimit -H -c')).toBe('0');
      expect((await ada.run('ulimit -n 10000000')).code).not.toBe(0);
    });
  });
}
